import { errorReasonOf } from "./error-reason.ts";
import { failureRules } from "./failure-rules.ts";
import type { Failure, FailureKind } from "./failure.ts";
import { longestRetryAfterMs } from "./next-step.ts";
import type { GiveUpReason } from "./next-step.ts";
import type { RunState } from "./run-state.ts";

/** How a whole call failed, after everything that could be tried. */
export interface CallFailure {
  /** The class that the caller is told: the attempts' own where every one failed alike. */
  readonly kind: FailureKind | "none-available";
  /** The attempt that stands for it; undefined where nothing was called. */
  readonly failure: Failure | undefined;
  /** When to come back, in milliseconds, at most 144 s; undefined where waiting cannot help. */
  readonly retryAfterMs: number | undefined;
  /** Content of the answer had reached the caller. */
  readonly contentSent: boolean;
  /** A further attempt was made, or refused for its budget: clients must not multiply it. */
  readonly retriesSpent: boolean;
}

/** Told where waiting helps and nobody knows for how long. */
const someRetryAfterMs = 1000;

/**
 * What a run that gives up tells its caller.
 * @param retryAfterMs when somebody can be called again; undefined where nobody knows
 */
export function callFailure(
  state: RunState,
  why: GiveUpReason,
  retryAfterMs: number | undefined,
): CallFailure {
  const last = state.failures.at(-1);
  const ms = retryAfterMs ?? last?.retryAfterMs ?? someRetryAfterMs;
  return {
    kind: kindOf(state, last, why),
    failure: last,
    retryAfterMs: helpsToWait(state, last, why, retryAfterMs)
      ? Math.min(Math.max(0, ms), longestRetryAfterMs)
      : undefined,
    contentSent: false,
    retriesSpent: state.attempts > 1 || why === "retry-budget",
  };
}

function kindOf(state: RunState, last: Failure | undefined, why: GiveUpReason): CallFailure["kind"] {
  if (why === "draining") return "draining";
  if (last === undefined) {
    if (why === "no-time") return "deadline-exceeded";
    const limited = state.skips.length > 0 && state.skips.every((skip) => skip === "keys-exhausted");
    return limited ? "rate-limited" : "none-available";
  }
  const reason = errorReasonOf(last.kind);
  const alike = why === "final" || state.failures.every(({ kind }) => errorReasonOf(kind) === reason);
  return alike ? last.kind : "none-available";
}

function helpsToWait(
  state: RunState,
  last: Failure | undefined,
  why: GiveUpReason,
  retryAfterMs: number | undefined,
): boolean {
  if (why === "draining") return true;
  if (last === undefined) return why !== "no-time" && retryAfterMs !== undefined;
  if (why === "final") return failureRules[last.kind].retryable;
  return state.failures.some(({ kind }) => failureRules[kind].retryable);
}
