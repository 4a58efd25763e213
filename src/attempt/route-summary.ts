import type { CallFailure } from "../routing/call-failure.ts";
import { failureRules } from "../routing/failure-rules.ts";
import type { RunState } from "../routing/run-state.ts";
import type { RouteOutcome, RouteSummary } from "../telemetry/route-span.ts";
import type { Served } from "./call-outcome.ts";
import type { PlannedCall } from "./planned-call.ts";
import type { AttemptReason } from "./trail.ts";

/** How a route ended. */
export type RouteEnd =
  | { readonly kind: "served"; readonly served: Pick<Served, "attempt" | "reason"> }
  | { readonly kind: "failed"; readonly failure: CallFailure };

/** What the span of a route says at its end. */
export function routeSummary({ trail }: PlannedCall, state: RunState, end: RouteEnd): RouteSummary {
  const attempts = trail.attempts();
  const cost = trail.totalCost();
  const priced = attempts.some((entry) => entry.cost !== undefined) && !cost.unpriced;
  const common = {
    attempts: attempts.length,
    retries: attempts.filter((entry) => entry.reason === "retry").length,
    costNanos: priced ? cost.nanos : undefined,
  };
  if (end.kind === "failed") {
    const outcome = failedOutcome(end.failure);
    return { ...common, outcome, reason: undefined, servedModel: undefined, fallbackDepth: 0 };
  }
  const { attempt, reason } = end.served;
  const place = state.candidates.findIndex(({ deployment }) => deployment.id === attempt.deployment);
  return {
    ...common,
    outcome: servedOutcome(reason),
    reason,
    servedModel: attempt.model,
    fallbackDepth: Math.max(0, place),
  };
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
