import { ERROR_TYPE_VALUE_OTHER } from "@opentelemetry/semantic-conventions";
import type { Failure, FailureKind } from "../routing/failure.ts";

// What our own side saw, where the upstream said nothing; every other kind is `_OTHER`.
const seenByUs: Partial<Record<FailureKind, string>> = {
  timeout: "timeout",
  "deadline-exceeded": "timeout",
  unreachable: "connection_error",
  "connection-lost": "connection_error",
  "stale-connection": "connection_error",
};

/**
 * The `error.type` of a failed attempt, of low cardinality: the upstream's own code where it is one that we
 * know, else its status, else `timeout`, `connection_error` or `_OTHER`. Never a message.
 */
export function errorTypeOf(failure: Failure): string {
  if (failure.upstreamCode !== undefined) return failure.upstreamCode;
  // A 2xx is no error by itself: what went wrong came after it.
  if (failure.httpStatus !== undefined && failure.httpStatus >= 300) return String(failure.httpStatus);
  if (failure.kind === "stream-broken" && failure.limit !== undefined) return "timeout";
  return seenByUs[failure.kind] ?? ERROR_TYPE_VALUE_OTHER;
}
