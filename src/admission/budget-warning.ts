import type { Log } from "../telemetry/log.ts";
import type { BudgetWarning } from "./budget-book.ts";

/** Tells those who run the gateway, once a period, that a budget has reached its warning level. */
export function logBudgetWarning(log: Log, { limit, spentNanos, resetsAt }: BudgetWarning): void {
  log.warn(
    {
      event: "budget_warning",
      budget: limit.name,
      period: limit.period,
      limit_nanos_usd: limit.limitNanos.toString(),
      spent_nanos_usd: spentNanos.toString(),
      resets_at: new Date(resetsAt).toISOString(),
    },
    `the budget of ${limit.name} has reached its warning level for this ${limit.period}`,
  );
}
