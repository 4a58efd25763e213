import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type BudgetBook, type BudgetWarning, createBudgetBook } from "../../src/admission/budget-book.ts";
import { boundsOf } from "../../src/admission/budget-period.ts";
import type { BudgetConfig } from "../../src/config/config.ts";

const noon = Date.UTC(2026, 1, 28, 12);
const dayMs = 86_400_000;
const teamA = { caller: "team-a", labels: {} };

function budgetOf(budget: Partial<BudgetConfig>): BudgetConfig {
  return {
    caller: undefined,
    label: undefined,
    perDayNanos: undefined,
    perMonthNanos: undefined,
    warnPercent: 80,
    ...budget,
  };
}

function open(...budgets: readonly Partial<BudgetConfig>[]): {
  readonly book: BudgetBook;
  readonly warnings: BudgetWarning[];
  readonly clock: { now: number };
} {
  const clock = { now: noon };
  const warnings: BudgetWarning[] = [];
  const book = createBudgetBook({
    budgets: budgets.map(budgetOf),
    now: () => clock.now,
    onWarning: (warning) => warnings.push(warning),
  });
  return { book, warnings, clock };
}

describe("boundsOf()", () => {
  for (const [period, at, startsAt, resetsAt] of [
    ["day", noon, Date.UTC(2026, 1, 28), Date.UTC(2026, 2, 1)],
    ["month", noon, Date.UTC(2026, 1), Date.UTC(2026, 2)],
    ["month", Date.UTC(2026, 11, 31, 23, 59), Date.UTC(2026, 11), Date.UTC(2027, 0)],
    ["day", Date.UTC(2028, 1, 29), Date.UTC(2028, 1, 29), Date.UTC(2028, 2, 1)],
  ] as const) {
    it(`knows the ${period} of ${new Date(at).toISOString()}`, () => {
      expect(boundsOf(period, at)).toEqual({ startsAt, resetsAt });
    });
  }
});

describe("a budget book", () => {
  it("has nothing to say about a caller without a budget", () => {
    const { book } = open({ caller: "team-b", perDayNanos: 100n });
    expect(book.left(teamA)).toBeUndefined();
    book.reserve(teamA, 1_000n).settle(1_000n);
    expect(book.left({ caller: "team-b", labels: {} })?.nanos).toBe(100n);
  });

  it("sets aside what a call may cost, and books what it did", () => {
    const { book } = open({ caller: "team-a", perDayNanos: 100n });
    const reservation = book.reserve(teamA, 60n);
    expect(book.left(teamA)).toMatchObject({
      nanos: 40n,
      resetsAt: Date.UTC(2026, 2, 1),
      limit: { name: "caller team-a", period: "day" },
    });
    reservation.settle(10n);
    reservation.settle(10n);
    expect(book.left(teamA)?.nanos).toBe(90n);
  });

  it("gives back all of a call that cost nothing", () => {
    const { book } = open({ caller: "team-a", perDayNanos: 100n });
    book.reserve(teamA, 100n).settle(0n);
    expect(book.left(teamA)?.nanos).toBe(100n);
    expect(book.standings()).toMatchObject([{ spentNanos: 0n, reservedNanos: 0n }]);
  });

  it("holds an account to the tightest of its limits", () => {
    const { book } = open(
      { caller: "team-a", perDayNanos: 100n, perMonthNanos: 150n },
      { label: { team: "x" }, perDayNanos: 70n },
    );
    const labelled = { caller: "team-a", labels: { team: "x", env: "prod" } };
    expect(book.left(labelled)).toMatchObject({ nanos: 70n, limit: { name: "label team=x" } });
    expect(book.left({ caller: "team-a", labels: { team: "y" } })?.nanos).toBe(100n);
    book.reserve(labelled, 0n).settle(60n);
    expect(book.left(teamA)?.nanos).toBe(40n);
    expect(book.left(labelled)?.nanos).toBe(10n);
  });

  it("needs every pair of a label", () => {
    const { book } = open({ label: { team: "x", env: "prod" }, perDayNanos: 1n });
    expect(book.left({ caller: "c", labels: { team: "x" } })).toBeUndefined();
    expect(book.left({ caller: "c", labels: { team: "x", env: "prod" } })).toBeDefined();
  });

  it("starts anew with each day and each month, calls under way included", () => {
    const { book, clock } = open({ caller: "team-a", perDayNanos: 100n, perMonthNanos: 150n });
    book.reserve(teamA, 90n).settle(90n);
    const across = book.reserve(teamA, 10n);
    expect(book.left(teamA)).toMatchObject({ nanos: 0n, limit: { period: "day" } });
    clock.now = noon + dayMs;
    // A new month, too: the first of March. What runs is still set aside.
    expect(book.left(teamA)).toMatchObject({ nanos: 90n });
    across.settle(10n);
    expect(book.left(teamA)?.nanos).toBe(90n);
    clock.now = noon + 2 * dayMs;
    expect(book.left(teamA)?.nanos).toBe(100n);
    expect(book.standings()[1]).toMatchObject({ spentNanos: 10n });
  });

  it("warns once a period when the level is reached", () => {
    const { book, warnings, clock } = open({ caller: "team-a", perDayNanos: 100n, warnPercent: 80 });
    book.reserve(teamA, 79n).settle(79n);
    expect(warnings).toEqual([]);
    book.reserve(teamA, 1n).settle(1n);
    book.reserve(teamA, 1n).settle(1n);
    expect(warnings).toMatchObject([{ spentNanos: 80n, limit: { name: "caller team-a" } }]);
    clock.now += dayMs;
    book.reserve(teamA, 85n).settle(85n);
    expect(warnings).toHaveLength(2);
  });

  it("learns what was spent elsewhere in the same period alone", () => {
    const { book } = open({ caller: "team-a", perDayNanos: 100n, perMonthNanos: 1_000n });
    book.learn(teamA, 30n, noon - 1000);
    book.learn(teamA, 500n, noon - 5 * dayMs);
    book.learn(teamA, 400n, noon - 40 * dayMs);
    expect(book.standings().map(({ spentNanos }) => spentNanos)).toEqual([30n, 530n]);
  });

  it("never lets more out than the limit where calls cost at most what was set aside", () => {
    const step = fc.record({
      estimate: fc.bigInt(0n, 60n),
      share: fc.integer({ min: 0, max: 100 }),
      endsAfter: fc.nat(5),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { book } = open({ caller: "team-a", perDayNanos: 200n });
        const running: { readonly due: number; readonly end: () => void }[] = [];
        steps.forEach(({ estimate, share, endsAfter }, index) => {
          for (const one of running.filter(({ due }) => due === index)) one.end();
          if (estimate > (book.left(teamA)?.nanos ?? 0n)) return;
          const reservation = book.reserve(teamA, estimate);
          running.push({
            due: index + endsAfter,
            end: () => reservation.settle((estimate * BigInt(share)) / 100n),
          });
          const [{ spentNanos, reservedNanos }] = book.standings() as [
            ReturnType<BudgetBook["standings"]>[number],
          ];
          expect(spentNanos + reservedNanos).toBeLessThanOrEqual(200n);
        });
        for (const one of running) one.end();
        expect(book.standings()[0]!.reservedNanos).toBe(0n);
      }),
    );
  });
});
