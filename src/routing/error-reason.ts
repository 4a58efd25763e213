import type { FailureKind } from "./failure.ts";

/** The names of the contract's `ErrorReason` that an attempt or a whole route can fail with, without their prefix. */
export type ErrorReasonName =
  | "INVALID_REQUEST"
  | "REQUEST_TOO_LARGE"
  | "CONTEXT_LENGTH_EXCEEDED"
  | "CONTENT_FILTERED"
  | "UPSTREAM_RATE_LIMITED"
  | "UPSTREAM_QUOTA_EXHAUSTED"
  | "UPSTREAM_AUTH"
  | "UPSTREAM_OVERLOADED"
  | "UPSTREAM_SERVER_ERROR"
  | "UPSTREAM_UNREACHABLE"
  | "UPSTREAM_TIMEOUT"
  | "UPSTREAM_STREAM_BROKEN"
  | "UPSTREAM_BAD_RESPONSE"
  | "UPSTREAM_CONFLICT"
  | "NO_DEPLOYMENT_AVAILABLE"
  | "DEADLINE_EXCEEDED"
  | "CANCELLED"
  | "GATEWAY_DRAINING"
  | "GATEWAY_OVERLOADED";

/** The reason that callers are told for each kind of failure. */
const reasons: Readonly<Record<FailureKind | "none-available", ErrorReasonName>> = {
  "invalid-request": "INVALID_REQUEST",
  "request-too-large": "REQUEST_TOO_LARGE",
  "context-too-long": "CONTEXT_LENGTH_EXCEEDED",
  "content-filtered": "CONTENT_FILTERED",
  "rate-limited": "UPSTREAM_RATE_LIMITED",
  "quota-exhausted": "UPSTREAM_QUOTA_EXHAUSTED",
  unauthorized: "UPSTREAM_AUTH",
  forbidden: "UPSTREAM_AUTH",
  "model-missing": "UPSTREAM_BAD_RESPONSE",
  redirected: "UPSTREAM_BAD_RESPONSE",
  overloaded: "UPSTREAM_OVERLOADED",
  "server-error": "UPSTREAM_SERVER_ERROR",
  conflict: "UPSTREAM_CONFLICT",
  unreachable: "UPSTREAM_UNREACHABLE",
  "connection-lost": "UPSTREAM_UNREACHABLE",
  "stale-connection": "UPSTREAM_UNREACHABLE",
  timeout: "UPSTREAM_TIMEOUT",
  "bad-response": "UPSTREAM_BAD_RESPONSE",
  "stream-broken": "UPSTREAM_STREAM_BROKEN",
  cancelled: "CANCELLED",
  "deadline-exceeded": "DEADLINE_EXCEEDED",
  draining: "GATEWAY_DRAINING",
  local: "GATEWAY_OVERLOADED",
  "none-available": "NO_DEPLOYMENT_AVAILABLE",
};

/** Why a call or an attempt failed, in the word that its caller is told. @see README, Errors */
export function errorReasonOf(kind: FailureKind | "none-available"): ErrorReasonName {
  return reasons[kind];
}
