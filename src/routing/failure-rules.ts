import type { FallbackClass } from "./catalog.ts";
import type { FailureKind } from "./failure.ts";

/** What follows from one kind of failure. The table of resilience: one row a kind, nothing elsewhere. */
export interface FailureRule {
  /**
   * `give-up`: nobody else could do better, or nobody is left to ask. `next`: another candidate at once, this one
   * only after backoff. `skip`: not this candidate again in this call. `larger`: only models with a larger window.
   * `same-now`: once a call, this candidate again without waiting.
   */
  readonly next: "give-up" | "next" | "skip" | "larger" | "same-now";
  /** Another key of the same upstream may do better. */
  readonly rotates: boolean;
  /** The configured list that is appended behind the candidates. */
  readonly fallback: FallbackClass | undefined;
  /** What the deployment's breaker learns. `success`: it answered, so it is alive. */
  readonly breaker: "success" | "failure" | "ignore" | "trip";
  /** What the upstream's breaker learns: only connect-class errors are its failures. */
  readonly upstreamBreaker: "success" | "failure" | "ignore";
  /** What the concurrency limiter learns. */
  readonly limiter: "ok" | "overloaded" | "other";
  /** Waiting may help, so the caller is told when to come back. */
  readonly retryable: boolean;
}

/** How long a deployment rests whose upstream does not know its model (404). */
export const modelMissingTripMs = 300_000;

const callersFault: FailureRule = {
  next: "give-up",
  rotates: false,
  fallback: undefined,
  breaker: "success",
  upstreamBreaker: "success",
  limiter: "ok",
  retryable: false,
};

const upstreamFault: FailureRule = {
  next: "next",
  rotates: false,
  fallback: "unavailable",
  breaker: "failure",
  upstreamBreaker: "success",
  limiter: "other",
  retryable: true,
};

const keyFault: FailureRule = {
  next: "next",
  rotates: true,
  fallback: "rateLimited",
  breaker: "ignore",
  upstreamBreaker: "success",
  limiter: "other",
  retryable: true,
};

const nobodysFault: FailureRule = {
  next: "give-up",
  rotates: false,
  fallback: undefined,
  breaker: "ignore",
  upstreamBreaker: "ignore",
  limiter: "other",
  retryable: false,
};

/** @see test/routing/failure-rules.test.ts */
export const failureRules: Readonly<Record<FailureKind, FailureRule>> = {
  "invalid-request": callersFault,
  "request-too-large": callersFault,
  "context-too-long": { ...callersFault, next: "larger", fallback: "contextTooLong" },
  "content-filtered": callersFault,
  "rate-limited": keyFault,
  "quota-exhausted": keyFault,
  // Every key of the upstream was refused by the time this counts: it will not change within the call.
  unauthorized: { ...keyFault, next: "skip", fallback: "unavailable", retryable: false },
  forbidden: { ...keyFault, next: "skip", fallback: "unavailable", retryable: false },
  "model-missing": { ...upstreamFault, next: "skip", breaker: "trip", retryable: false },
  redirected: { ...upstreamFault, next: "skip", retryable: false },
  overloaded: { ...upstreamFault, limiter: "overloaded" },
  "server-error": upstreamFault,
  conflict: upstreamFault,
  unreachable: { ...upstreamFault, upstreamBreaker: "failure" },
  "connection-lost": { ...upstreamFault, upstreamBreaker: "ignore" },
  // The second one in a call is treated as connection-lost by the run's history.
  "stale-connection": { ...upstreamFault, next: "same-now", breaker: "ignore", upstreamBreaker: "ignore" },
  timeout: { ...upstreamFault, upstreamBreaker: "ignore", limiter: "overloaded" },
  "bad-response": upstreamFault,
  "stream-broken": { ...upstreamFault, next: "give-up", upstreamBreaker: "ignore" },
  cancelled: nobodysFault,
  "deadline-exceeded": nobodysFault,
  draining: { ...nobodysFault, retryable: true },
  local: { ...nobodysFault, retryable: true },
};
