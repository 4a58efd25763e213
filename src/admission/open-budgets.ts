import type { BudgetConfig } from "../config/config.ts";
import type { Log } from "../telemetry/log.ts";
import { settledWithin } from "../telemetry/settled-within.ts";
import { type BudgetAccount, type BudgetBook, createBudgetBook } from "./budget-book.ts";
import { boundsOf } from "./budget-period.ts";
import { logBudgetWarning } from "./budget-warning.ts";

/** What one account has spent in some span of time. */
type Spent = BudgetAccount & { readonly costNanos: bigint };

export interface OpenBudgetsOptions {
  readonly budgets: readonly BudgetConfig[];
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  readonly log: Log;
  /** Milliseconds since the epoch: what came in later is told by somebody else. Left out: now. */
  readonly before?: number | undefined;
  /** True while what is told comes from another process, whose affair the warning is. */
  readonly overheard?: () => boolean;
  /** What the ledger knows of calls that came in from `from` on and before `to`. */
  readonly spending: (window: { readonly from: number; readonly to: number }) => Promise<readonly Spent[]>;
}

/** How long a start waits to learn what was spent; a store that is away gives a fresh budget until it answers. */
const recallMs = 2_000;

/** The book of the configured budgets, with what was spent before this process started: a restart resets nothing. */
export async function openBudgets({
  budgets,
  wallClock,
  log,
  spending,
  before = wallClock(),
  overheard = () => false,
}: OpenBudgetsOptions): Promise<BudgetBook> {
  const book = createBudgetBook({
    budgets,
    now: wallClock,
    onWarning: (warning) => {
      if (!overheard()) logBudgetWarning(log, warning);
    },
  });
  if (budgets.length === 0) return book;
  const now = wallClock();
  const today = boundsOf("day", now).startsAt;
  const recall = async (from: number, to: number): Promise<void> => {
    if (from >= to) return;
    for (const spent of await spending({ from, to })) book.learn(spent, spent.costNanos, from);
  };
  const recallAll = async (): Promise<void> => {
    await recall(boundsOf("month", now).startsAt, Math.min(today, before));
    await recall(today, before);
  };
  await settledWithin(recallMs, recallAll, () => {});
  return book;
}
