import type { BudgetLeft } from "../admission/budget-book.ts";
import { createTrail } from "../attempt/trail.ts";
import type { CallFacts } from "../routing/call-facts.ts";
import type { PlanRejection } from "../routing/plan.ts";
import type { RouteSpan } from "../telemetry/route-span.ts";
import { budgetError } from "./budget-error.ts";
import { binds } from "./call-budget.ts";
import type { DecisionFeed } from "./decision-feed.ts";
import { planRejectionError } from "./plan-rejection-error.ts";
import { decisionFacts, routeDecision } from "./route-decision.ts";
import { namedModel } from "./route-facts.ts";
import type { RpcError } from "./rpc-error.ts";
import type { Clock } from "./wire-time.ts";

/** Ends the route of a call for which there is no plan. That nothing may be tried is a decision too. */
export function rejectCall(
  rejection: PlanRejection,
  facts: CallFacts,
  route: RouteSpan,
  budget: BudgetLeft | undefined,
  options: { readonly decisions: Pick<DecisionFeed, "publish">; readonly clock: Clock },
): RpcError {
  const excluded = rejection.kind === "all-excluded" ? rejection.excluded : [];
  const of = decisionFacts(route, namedModel(facts.target), excluded);
  const decision = routeDecision(of, createTrail(), undefined, 0);
  const error =
    budget !== undefined && isOverBudget(rejection) && binds(budget, facts)
      ? budgetError(budget, decision, options.clock.wallClock())
      : planRejectionError(rejection, facts, decision);
  for (const { deployment, skip } of excluded) route.skipped(deployment, skip);
  route.end({
    outcome: "rejected",
    reason: undefined,
    servedModel: undefined,
    attempts: 0,
    retries: 0,
    fallbackDepth: 0,
    costNanos: undefined,
  });
  options.decisions.publish({ decision, endedAt: options.clock.wallClock(), status: error.code });
  return error;
}

function isOverBudget(rejection: PlanRejection): boolean {
  return rejection.kind === "all-excluded" && rejection.skip === "over-budget";
}
