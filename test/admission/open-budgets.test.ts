import { describe, expect, it } from "vitest";
import { openBudgets } from "../../src/admission/open-budgets.ts";
import type { BudgetConfig } from "../../src/config/config.ts";
import { createLog } from "../../src/telemetry/log.ts";

const noon = Date.UTC(2026, 1, 28, 12);
const dayMs = 86_400_000;
const teamA = { caller: "team-a", labels: {} };
const budget: BudgetConfig = {
  caller: "team-a",
  label: undefined,
  perDayNanos: 100n,
  perMonthNanos: 1_000n,
  warnPercent: 50,
};

/** A ledger in which one nano-USD was spent at each of these instants. */
function ledgerOf(times: readonly number[]) {
  return ({ from, to }: { readonly from: number; readonly to: number }) => {
    const costNanos = BigInt(times.filter((at) => at >= from && at < to).length);
    return Promise.resolve(costNanos === 0n ? [] : [{ ...teamA, costNanos }]);
  };
}

describe("the book of budgets at a start", () => {
  const log = createLog("silent");
  const spentOf = async (before: number | undefined, now = noon): Promise<readonly bigint[]> => {
    const times = [noon - 3 * dayMs, noon - 1_000, noon - 10, noon + 10, noon + dayMs];
    const book = await openBudgets({
      budgets: [budget],
      wallClock: () => now,
      log,
      spending: ledgerOf(times),
      before,
    });
    return book.standings().map(({ spentNanos }) => spentNanos);
  };

  it("knows what was spent today and this month", async () => {
    expect(await spentOf(undefined)).toEqual([2n, 3n]);
  });

  it("leaves out what came in since the gateway started: others tell of it", async () => {
    expect(await spentOf(noon - 100)).toEqual([1n, 2n]);
    // A worker that takes a place a day later: nothing of that day, and of the month what came before.
    expect(await spentOf(noon, noon + 12 * 3_600_000 + 1)).toEqual([0n, 0n]);
    expect(await spentOf(noon - 100, noon + 6 * 3_600_000)).toEqual([1n, 2n]);
    expect(await spentOf(noon - 2 * dayMs)).toEqual([0n, 1n]);
  });

  it("warns of what this process spends, not of what it overhears", async () => {
    const lines: unknown[] = [];
    let overheard = true;
    const book = await openBudgets({
      budgets: [{ ...budget, perMonthNanos: undefined }],
      wallClock: () => noon,
      log: createLog("info", { write: (line) => void lines.push(JSON.parse(line)) }),
      spending: () => Promise.resolve([]),
      overheard: () => overheard,
    });
    book.learn(teamA, 60n, noon);
    expect(lines).toEqual([]);
    overheard = false;
    book.reserve(teamA, 1n).settle(1n);
    expect(lines).toEqual([]);
  });
});
