import type { BreakerConfig } from "../../src/config/config.ts";

/** As shipped. */
export const shippedBreaker: BreakerConfig = {
  windowMs: 60_000,
  minimumRequests: 10,
  failurePercent: 50,
  consecutiveFailures: 5,
  openMs: 10_000,
  maxOpenMs: 25_000,
};
