import type { Failure } from "../routing/failure.ts";
import type { Model } from "../routing/catalog.ts";
import type { LimitName } from "./limit-timer.ts";
import type { CallLimits } from "./planned-call.ts";

/** A limit of time that ran out. */
export interface RunOut {
  readonly limit: LimitName;
  readonly ms: number;
  /** It was all the time that the call had left. */
  readonly isDeadline: boolean;
}

const words: Readonly<Record<LimitName, string>> = {
  attempt: "no answer",
  "first-token": "no first content",
  "byte-idle": "no sign of life",
  "token-idle": "no further content",
  finish: "no end",
};

/** The failure that it is. Only the caller's own deadline makes it DEADLINE_EXCEEDED. */
export function timeoutFailure({ limit, ms, isDeadline }: RunOut, limits: CallLimits): Failure {
  const spent = isDeadline && limits.deadlineFromCaller && (limit === "attempt" || limit === "first-token");
  return {
    kind: spent ? "deadline-exceeded" : "timeout",
    message: `the upstream gave ${words[limit]} within ${Math.round(ms)} ms`,
    httpStatus: undefined,
    upstreamCode: undefined,
    upstreamRequestId: undefined,
    retryAfterMs: undefined,
    limit: limit === "finish" ? undefined : limit,
  };
}

/**
 * Whether it says something about the upstream. A caller in a hurry must not open a breaker for all others: what a
 * caller made shorter counts only from the configured first-token limit on, since whoever says nothing for that
 * long has failed whoever is asking.
 */
export function countsAgainstUpstream({ limit, ms }: RunOut, limits: CallLimits, model: Model): boolean {
  switch (limit) {
    case "attempt":
    case "first-token": {
      const configured = limits.configuredFirstTokenMs(model);
      const narrowed =
        limits.deadlineFromCaller ||
        limits.attemptMs !== undefined ||
        limits.firstTokenMs(model) < configured;
      return !narrowed || ms >= configured;
    }
    case "token-idle":
      // Not by what was left of it: the pauses of the caller were taken off.
      return limits.tokenIdleMs >= limits.configuredTokenIdleMs;
    case "byte-idle":
    case "finish":
      return true;
  }
}
