import type { Arm } from "../routing/canary-arm.ts";
import { armOutcome } from "./canary-outcome.ts";
import type { PlannedCall } from "./planned-call.ts";
import type { RouteEnd } from "./route-summary.ts";
import type { AttemptEntry } from "./trail.ts";

/** A call that says something about its arm, ended. */
export interface ArmCall {
  readonly arm: Arm;
  /** Only calls of one kind are compared: same tier, model, and way to answer. */
  readonly kind: string;
  /** Both `rescued`, by another deployment than the arm's own, and `lost` are failures of the arm. */
  readonly outcome: "served" | "rescued" | "lost";
  readonly latencyMs: number;
  /** Of a stream that the arm's own deployment served. */
  readonly firstTokenMs: number | undefined;
  /** Nano-USD of all attempts; undefined where nobody answered or something has no price. */
  readonly costNanos: number | undefined;
  readonly attempts: readonly ArmAttempt[];
}

/** Of one of its attempts, what is added up. */
export type ArmAttempt = Pick<AttemptEntry, "cost"> & {
  readonly usage: Pick<NonNullable<AttemptEntry["usage"]>, "inputTokens" | "outputTokens"> | undefined;
};

/** What a call says about its arm; undefined where it says nothing. @param now on the monotonic clock */
export function armCall(call: PlannedCall, end: RouteEnd, now: number): ArmCall | undefined {
  const { plan, trail, route } = call;
  const outcome = armOutcome(call, end);
  if (outcome === "unsaid") return undefined;
  const model = plan.candidates[0]?.model.id ?? "none";
  const served = outcome === "served" && end.kind === "served" ? end.served.attempt : undefined;
  const cost = trail.totalCost();
  return {
    arm: plan.arm,
    kind: `${plan.tier ?? "none"} ${model} ${route.facts.stream ? "stream" : "unary"}`,
    outcome: served !== undefined ? "served" : end.kind === "served" ? "rescued" : "lost",
    latencyMs: now - startOf(call),
    firstTokenMs: served?.firstTokenMs,
    costNanos: end.kind === "served" && !cost.unpriced ? Number(cost.nanos) : undefined,
    attempts: trail.attempts(),
  };
}

/** When a call began, on the monotonic clock. */
export function startOf({ limits }: PlannedCall): number {
  return limits.deadline - limits.allowanceMs;
}
