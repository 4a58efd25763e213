import { failureRules } from "../routing/failure-rules.ts";
import type { FailureKind } from "../routing/failure.ts";
import type { CallLimits, PlannedCall } from "./planned-call.ts";
import type { RouteEnd } from "./route-summary.ts";
import type { TrailEntry } from "./trail.ts";

/**
 * What a call says about the arm that it was assigned to. `unsaid`: the caller left, or asked what nobody would
 * answer.
 */
export type ArmOutcome = "served" | "failed" | "unsaid";

/**
 * By the arm that was assigned, not by who served: a call that another deployment had to rescue, or that was sent past
 * an open breaker, failed at its arm. Of both arms alike, so that what only the rescue hides is compared.
 */
export function armOutcome({ plan, trail, limits }: PlannedCall, end: RouteEnd): ArmOutcome {
  const own = plan.candidates[0]?.deployment.id;
  if (end.kind === "served" && end.served.attempt.deployment === own) return "served";
  const said = trail
    .entries()
    .filter(({ deployment }) => deployment === own)
    .map((entry) => wordOf(entry, limits));
  if (said.includes("failed")) return "failed";
  // Rescued without a failure of its own: it lost to a hedge.
  return end.kind === "served" && !said.includes("refused") ? "failed" : "unsaid";
}

const nobodysFault: ReadonlySet<FailureKind> = new Set(["cancelled", "draining", "local"]);

function wordOf(entry: TrailEntry, limits: CallLimits): "failed" | "refused" | "unsaid" {
  if (entry.kind === "skip") return "failed";
  if (entry.failure === undefined || entry.outcome === "hedge-lost") return "unsaid";
  const { kind } = entry.failure;
  if (nobodysFault.has(kind)) return "unsaid";
  // A deadline of ours that runs out is the upstream's doing, whatever the call is told.
  if (kind === "deadline-exceeded") return limits.deadlineFromCaller ? "unsaid" : "failed";
  return failureRules[kind].breaker === "success" ? "refused" : "failed";
}
