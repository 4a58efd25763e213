import type { Failure } from "../routing/failure.ts";

/** Of the slower of two attempts that raced. */
export const outrun: Failure = {
  kind: "cancelled",
  message: "another attempt answered first",
  httpStatus: undefined,
  upstreamCode: undefined,
  upstreamRequestId: undefined,
  retryAfterMs: undefined,
};
