import type { FailureKind } from "../routing/failure.ts";

/** What a caller is told of a failure, in our own words. At most 200 characters each. */
export const failureSentences: Readonly<Record<FailureKind, string>> = {
  "invalid-request": "the upstream refuses the request as invalid",
  "request-too-large": "the request is too large for the upstream",
  "context-too-long": "the input is longer than the model's context window",
  "content-filtered": "the upstream's content filter refuses the request",
  "rate-limited": "the upstream's rate limit is reached for this key and model",
  "quota-exhausted": "the quota of the gateway's key at the upstream is spent",
  unauthorized: "the upstream refuses the gateway's key",
  forbidden: "the gateway's key may not use this model at the upstream",
  "model-missing": "the upstream does not know the model",
  redirected: "the upstream redirects, which is never followed",
  overloaded: "the upstream is overloaded",
  "server-error": "the upstream failed by itself",
  conflict: "the upstream reports a conflict with another request",
  unreachable: "no connection to the upstream came about",
  "connection-lost": "the connection to the upstream broke before its answer was whole",
  "stale-connection": "an idle connection to the upstream was closed just as it was used again",
  timeout: "the upstream timed out",
  "bad-response": "the upstream's response is no valid answer",
  "stream-broken": "the upstream's stream broke",
  cancelled: "the request was ended before the upstream's answer was whole",
  "deadline-exceeded": "the caller's deadline passed before the upstream's answer was whole",
  draining: "the gateway is shutting down",
  local: "the gateway could not make the request",
};
