import type { BudgetLeft } from "../admission/budget-book.ts";
import type { Trail } from "../attempt/trail.ts";
import type { CallFacts } from "../routing/call-facts.ts";
import { estimatedCostNanos } from "../routing/eligible.ts";
import type { Plan } from "../routing/plan.ts";

/** The facts of a call that may cost what is left of its caller's budget, and no more than it allows itself. */
export function withinBudget(facts: CallFacts, budget: BudgetLeft | undefined): CallFacts {
  return budget === undefined || !binds(budget, facts) ? facts : { ...facts, maxCostNanos: budget.nanos };
}

/** True where the budget, and not the call's own cap, is what rules candidates out. */
export function binds({ nanos }: BudgetLeft, { maxCostNanos }: Pick<CallFacts, "maxCostNanos">): boolean {
  return maxCostNanos === undefined || nanos <= maxCostNanos;
}

/** What the dearest of a plan's own candidates is estimated at: set aside before the first attempt. Nano-USD. */
export function dearestCost({ candidates }: Plan, facts: CallFacts): bigint {
  let dearest = 0n;
  for (const { model } of candidates) {
    const estimate = estimatedCostNanos(model, facts) ?? 0n;
    if (estimate > dearest) dearest = estimate;
  }
  return dearest;
}

/** What the attempts so far cost, as far as their prices are known. Nano-USD. */
export function spentNanos(trail: Trail): bigint {
  let spent = 0n;
  for (const { cost } of trail.attempts()) {
    if (cost?.unpriced === false) spent += cost.nanos;
  }
  return spent;
}
