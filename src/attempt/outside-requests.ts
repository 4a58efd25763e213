import { AsyncLocalStorage } from "node:async_hooks";

/**
 * Runs a function outside of any request's async context: what it starts, such as a timer, neither keeps the
 * request's context alive nor reports under its long-ended span.
 */
export const outsideRequests: <T>(run: () => T) => T = AsyncLocalStorage.snapshot();
