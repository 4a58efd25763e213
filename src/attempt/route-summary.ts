import type { CallFailure } from "../routing/call-failure.ts";
import { failureRules } from "../routing/failure-rules.ts";
import type { RunState } from "../routing/run-state.ts";
import type { RouteOutcome, RouteSummary } from "../telemetry/route-span.ts";
import type { Served } from "./call-outcome.ts";
import type { PlannedCall } from "./planned-call.ts";
import type { AttemptEntry, AttemptReason } from "./trail.ts";

/** How a route ended. */
export type RouteEnd =
  | { readonly kind: "served"; readonly served: Pick<Served, "attempt" | "reason"> }
  | { readonly kind: "failed"; readonly failure: CallFailure };

/** What the span of a route says at its end. */
export function routeSummary({ trail }: PlannedCall, state: RunState, end: RouteEnd): RouteSummary {
  const attempts = trail.attempts();
  const cost = trail.totalCost();
  const served = end.kind === "served" ? end.served : undefined;
  return {
    outcome: end.kind === "served" ? servedOutcome(end.served.reason) : failedOutcome(end.failure),
    reason: served?.reason,
    servedModel: served?.attempt.model,
    attempts: attempts.length,
    retries: countRetries(attempts),
    fallbackDepth: served === undefined ? 0 : placeOf(served.attempt, state),
    costNanos: !cost.unpriced && anyBilled(attempts) ? cost.nanos : undefined,
  };
}

function countRetries(attempts: readonly AttemptEntry[]): number {
  let retries = 0;
  for (const { reason } of attempts) if (reason === "retry") retries += 1;
  return retries;
}

function anyBilled(attempts: readonly AttemptEntry[]): boolean {
  return attempts.some(({ cost }) => cost !== undefined);
}

function placeOf(attempt: AttemptEntry, { candidates }: RunState): number {
  return Math.max(
    0,
    candidates.findIndex(({ deployment }) => deployment.id === attempt.deployment),
  );
}

function servedOutcome(reason: AttemptReason): RouteOutcome {
  switch (reason) {
    case "primary":
    case "canary":
    case "pinned":
      return "primary";
    case "retry":
      return "retried";
    case "fallback":
    case "restart":
      return "fallback";
    case "hedge":
      return "hedged";
  }
}

function failedOutcome({ kind, contentSent }: CallFailure): RouteOutcome {
  if (kind === "cancelled") return "cancelled";
  if (contentSent) return "partial";
  if (kind === "none-available") return "exhausted";
  // Nobody could have served it: the upstream answered, and refused what the caller asked.
  return failureRules[kind].breaker === "success" ? "rejected" : "exhausted";
}
