/**
 * Why an attempt gave no whole answer: one closed set for everything an upstream, a network or a
 * caller can do. Each kind is a row of the error table in the README; `failure-rules.ts` says what follows from it.
 */
export type FailureKind =
  /** 400, 422: the upstream refuses what the caller asked. */
  | "invalid-request"
  /** 413. */
  | "request-too-large"
  | "context-too-long"
  /** Refused for its content before an answer. */
  | "content-filtered"
  /** 429: this key, for this model, for now. */
  | "rate-limited"
  /** 402, 429 `insufficient_quota`: the whole key, until its reset. */
  | "quota-exhausted"
  /** 401: our key is refused. */
  | "unauthorized"
  /** 403: our key may not use this model. */
  | "forbidden"
  /** 404: the upstream does not know the model. */
  | "model-missing"
  /** 3xx: refused, never followed. */
  | "redirected"
  /** 503, 529. */
  | "overloaded"
  /** Any other 5xx. */
  | "server-error"
  /** 409. */
  | "conflict"
  /** DNS, connect, TLS: no connection came about. */
  | "unreachable"
  /** The connection broke before any content. */
  | "connection-lost"
  /** A reused connection broke before any byte of the response: the keep-alive race, not the upstream's health. */
  | "stale-connection"
  /** 408, or one of our own limits (attempt, first token, idle). */
  | "timeout"
  /** A 2xx that is no answer: wrong type, malformed, empty, truncated before content. */
  | "bad-response"
  /** Broke, stalled or ended early after content. */
  | "stream-broken"
  /** The caller went away. */
  | "cancelled"
  /** The caller's own deadline is spent. */
  | "deadline-exceeded"
  /** The gateway drains and ends the call. */
  | "draining"
  /** A limit of this machine (file descriptors, memory): says nothing about the upstream. */
  | "local";

/** How one attempt failed, in our own words; an upstream's text never enters it. */
export interface Failure {
  readonly kind: FailureKind;
  /** Our own sentence, at most 200 characters; safe to show to a caller. */
  readonly message: string;
  /** Status of the upstream's response, where there was one. */
  readonly httpStatus: number | undefined;
  /** The upstream's own error code, only if it is one of a fixed list (`upstream/upstream-codes.ts`). */
  readonly upstreamCode: string | undefined;
  readonly upstreamRequestId: string | undefined;
  /** The upstream's own word on when to come back (Retry-After and kin), in milliseconds from its arrival. */
  readonly retryAfterMs: number | undefined;
  /** Which of our limits ran out, with `timeout`. */
  readonly limit?: "attempt" | "connect" | "first-token" | "byte-idle" | "token-idle" | undefined;
  /** For logs at debug level only: may hold the SDK's error. Never shown, never recorded in a span. */
  readonly cause?: unknown;
}
