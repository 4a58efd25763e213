/** What a budget is for. Days and months are those of UTC: the same on every replica. */
export type BudgetPeriod = "day" | "month";

/** From when to when, in milliseconds since the epoch; the end is the reset. */
export interface PeriodBounds {
  readonly startsAt: number;
  readonly resetsAt: number;
}

/** The period in which this instant lies. @param at milliseconds since the epoch */
export function boundsOf(period: BudgetPeriod, at: number): PeriodBounds {
  const date = new Date(at);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  return period === "day"
    ? { startsAt: Date.UTC(year, month, day), resetsAt: Date.UTC(year, month, day + 1) }
    : { startsAt: Date.UTC(year, month), resetsAt: Date.UTC(year, month + 1) };
}
