import type { CallFacts, CallTarget } from "../routing/call-facts.ts";
import type { Catalog } from "../routing/catalog.ts";
import type { PlanResult } from "../routing/plan.ts";
import type { RouteFacts } from "../telemetry/route-span.ts";
import { decisionId } from "./decision-id.ts";

/** What the route's span says of a call before its first attempt; of a rejected one too. */
export function routeFacts(
  catalog: Catalog,
  facts: CallFacts,
  result: PlanResult,
  call: { readonly deadlineRemainingMs: number; readonly stream: boolean },
): RouteFacts {
  const plan = result.kind === "planned" ? result.plan : undefined;
  const arm = plan?.arm ?? "stable";
  const { target } = facts;
  return {
    routeId: decisionId(arm, facts.requestId),
    configRevision: catalog.revision,
    requestModel: namedModel(target),
    tier: target.kind === "tier" ? target.tier : undefined,
    policy: facts.fallback.kind,
    arm,
    canaryName: catalog.canary?.canary,
    weightBasisPoints: catalog.canary?.weightBasisPoints,
    candidates: plan?.candidates.map(({ deployment }) => deployment.id) ?? [],
    deadlineRemainingMs: call.deadlineRemainingMs,
    stream: call.stream,
  };
}

/** The model or deployment as the caller wrote it; undefined where it named a tier. */
export function namedModel(target: CallTarget): string | undefined {
  switch (target.kind) {
    case "tier":
      return undefined;
    case "model":
      return target.model;
    case "deployment":
      return target.deployment;
  }
}
