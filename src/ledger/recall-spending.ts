import type { Ledger } from "./ledger.ts";
import type { Spending } from "./spending.ts";

/**
 * Tells what was spent before this process started, so that a restart gives nobody a fresh budget: the month up to
 * today, and today, each at its first instant.
 * @param now milliseconds since the epoch
 * @param tell `at` is an instant of the time in which it was spent
 */
export async function recallSpending(
  ledger: Pick<Ledger, "spending">,
  now: number,
  tell: (spending: Spending, at: number) => void,
): Promise<void> {
  const date = new Date(now);
  const month = Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
  const day = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  for (const window of [
    { from: month, to: day },
    { from: day, to: now },
  ]) {
    if (window.from === window.to) continue;
    for (const spending of await ledger.spending(window)) tell(spending, window.from);
  }
}
