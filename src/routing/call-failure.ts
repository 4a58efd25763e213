import { failureRules } from "./failure-rules.ts";
import type { Failure, FailureKind } from "./failure.ts";
import type { GiveUpReason } from "./next-step.ts";
import type { RunState } from "./run-state.ts";

/** How a whole call failed, after everything that could be tried. */
export interface CallFailure {
  /** The class that the caller is told: the attempts' own where every one failed alike. */
  readonly kind: FailureKind | "none-available";
  /** The attempt that stands for it; undefined where nothing was called. */
  readonly failure: Failure | undefined;
  /** When to come back, in milliseconds; undefined where waiting cannot help. */
  readonly retryAfterMs: number | undefined;
  /** Content of the answer had reached the caller. */
  readonly contentSent: boolean;
  /** A repeated attempt was made or refused for its budget: clients must not multiply it. */
  readonly retriesSpent: boolean;
}

/** What a run that gives up tells its caller. */
export function callFailure(
  state: RunState,
  why: GiveUpReason | "retry-budget",
  retryAfterMs: number | undefined,
): CallFailure {
  const base = {
    contentSent: false,
    retriesSpent: state.attempts > 1 || why === "retry-budget",
  };
  const last = state.failures.at(-1);
  if (why === "draining")
    return { ...base, kind: "draining", failure: last, retryAfterMs: retryAfterMs ?? 1000 };
  if (last === undefined) {
    const limited = state.skips.length > 0 && state.skips.every((skip) => skip === "keys-exhausted");
    return { ...base, kind: limited ? "rate-limited" : "none-available", failure: undefined, retryAfterMs };
  }
  if (why === "final") {
    const wait = failureRules[last.kind].retryable ? (last.retryAfterMs ?? retryAfterMs) : undefined;
    return { ...base, kind: last.kind, failure: last, retryAfterMs: wait };
  }
  const alike = state.failures.every((failure) => classOf(failure.kind) === classOf(last.kind));
  const waitable = state.failures.some((failure) => failureRules[failure.kind].retryable);
  return {
    ...base,
    kind: alike ? last.kind : "none-available",
    failure: last,
    retryAfterMs: waitable ? (retryAfterMs ?? last.retryAfterMs) : undefined,
  };
}

/** Kinds that a caller is told under one name. */
function classOf(kind: FailureKind): string {
  switch (kind) {
    case "unauthorized":
    case "forbidden":
      return "auth";
    case "model-missing":
    case "redirected":
    case "bad-response":
      return "bad-response";
    case "unreachable":
    case "connection-lost":
    case "stale-connection":
      return "unreachable";
    case "invalid-request":
    case "request-too-large":
    case "context-too-long":
    case "content-filtered":
    case "rate-limited":
    case "quota-exhausted":
    case "overloaded":
    case "server-error":
    case "conflict":
    case "timeout":
    case "stream-broken":
    case "cancelled":
    case "deadline-exceeded":
    case "draining":
    case "local":
      return kind;
  }
}
