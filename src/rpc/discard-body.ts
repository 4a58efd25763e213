import type { HttpRequest } from "./http-message.ts";

/**
 * Reads and drops what is left of a request's body.
 * @returns once it is whole, broken off, or `ms` have passed
 */
export function discardBody(request: HttpRequest, ms: number): Promise<void> {
  if (request.complete || request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      request.off("end", done);
      request.off("close", done);
      resolve();
    };
    const timer = setTimeout(done, ms).unref();
    request.on("end", done);
    request.on("close", done);
    request.resume();
  });
}

// How long a caller may go on sending a request that was already answered.
const lingerMs = 10_000;

/**
 * Lets a caller finish sending a request that was already answered, within limits: closing at once would throw away
 * the answer on its way. @see test/rpc/request-size.test.ts
 */
export async function discardRest(request: HttpRequest): Promise<void> {
  await discardBody(request, lingerMs);
  if (!request.complete) request.destroy();
}
