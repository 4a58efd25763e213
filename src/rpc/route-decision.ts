import {
  type Attempt,
  type RouteDecision,
  RouteDetail,
  RouteReason,
} from "../../gen/switchyard/v1/routing_pb.ts";
import type { Serving } from "../attempt/call-outcome.ts";
import type { Trail } from "../attempt/trail.ts";
import type { Arm } from "../routing/canary-arm.ts";
import type { TierName } from "../routing/catalog.ts";
import type { ExcludedCandidate } from "../routing/plan.ts";
import type { RouteSpan } from "../telemetry/route-span.ts";
import { toAttempt, toCost, toExcluded } from "./attempt-message.ts";
import { toArm, toRouteReason, toTier } from "./contract-enums.ts";
import { toDuration } from "./wire-time.ts";

/** What is decided before the first attempt. */
export interface DecisionFacts {
  readonly id: string;
  readonly configRevision: string;
  readonly traceId: string;
  readonly tier: TierName | undefined;
  readonly arm: Arm;
  /** The model that the caller named; empty where it named a tier. Stands where nothing served. */
  readonly model: string;
  readonly excluded: readonly ExcludedCandidate[];
}

/** The facts of the call that this route belongs to. @param model as the caller named it */
export function decisionFacts(
  { facts, traceId }: Pick<RouteSpan, "facts" | "traceId">,
  model: string | undefined,
  excluded: readonly ExcludedCandidate[],
): DecisionFacts {
  const { routeId: id, configRevision, tier, arm } = facts;
  return { id, configRevision, traceId, tier, arm, model: model ?? "", excluded };
}

/**
 * The decision as it stands: while a stream runs, or at the end of a call.
 * @param serving whose content the caller gets; undefined where nobody serves
 */
export function routeDecision(
  facts: DecisionFacts,
  trail: Trail,
  serving: Serving | undefined,
  latencyMs: number,
): RouteDecision {
  return {
    $typeName: "switchyard.v1.RouteDecision",
    decisionId: facts.id,
    configRevision: facts.configRevision,
    tier: toTier(facts.tier),
    model: serving?.model ?? facts.model,
    deployment: serving?.deployment ?? "",
    reason: serving === undefined ? RouteReason.UNSPECIFIED : toRouteReason(serving.reason),
    arm: toArm(facts.arm),
    // The attempt that serves is in the trail only once it has ended.
    attemptCount: Math.max(trail.attempts().length, serving?.number ?? 0),
    attempts: attemptsOf(facts, trail),
    totalCost: toCost(trail.totalCost()),
    totalLatency: toDuration(latencyMs),
    traceId: facts.traceId,
  };
}

function attemptsOf({ excluded }: DecisionFacts, trail: Trail): Attempt[] {
  const tried = trail.entries().map(toAttempt);
  return excluded.length === 0 ? tried : [...excluded.map(toExcluded), ...tried];
}

/** What of it an answer tells. Unspecified is the summary: without its attempts. */
export function inAnswer(
  decision: RouteDecision,
  detail: RouteDetail | undefined,
): RouteDecision | undefined {
  switch (detail) {
    case RouteDetail.NONE:
      return undefined;
    case RouteDetail.FULL:
      return decision;
    default:
      return { ...decision, attempts: [] };
  }
}

/** What of it an error tells: always the decision, and its attempts unless the caller asked for less. */
export function inError(decision: RouteDecision, detail: RouteDetail | undefined): RouteDecision {
  switch (detail) {
    case RouteDetail.NONE:
    case RouteDetail.SUMMARY:
      return { ...decision, attempts: [] };
    default:
      return decision;
  }
}
