import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createRetryBudget } from "../../src/attempt/retry-budget.ts";
import { createManualClock } from "../support/manual-clock.ts";

const takeAll = (take: () => boolean): number => {
  let taken = 0;
  while (taken < 1000 && take()) taken += 1;
  return taken;
};

describe("createRetryBudget()", () => {
  it("starts with ten, and refuses once they are spent", () => {
    const budget = createRetryBudget({ ratio: 0.1, perSecond: 0 }, createManualClock().now);
    expect(takeAll(budget.take)).toBe(10);
    expect(budget.take()).toBe(false);
    expect(budget.level()).toBe(0);
  });

  it("pays for one repeated attempt in ten first ones, to the last tenth", () => {
    const budget = createRetryBudget({ ratio: 0.1, perSecond: 0, start: 0 }, createManualClock().now);
    for (let call = 1; call <= 100; call += 1) {
      budget.firstAttempt();
      expect(budget.take()).toBe(call % 10 === 0);
    }
  });

  it("earns by the second, so that a quiet upstream may still retry", () => {
    const clock = createManualClock();
    const budget = createRetryBudget({ ratio: 0.1, perSecond: 1, start: 0 }, clock.now);
    clock.advanceSync(900);
    expect(budget.take()).toBe(false);
    clock.advanceSync(100);
    expect(budget.take()).toBe(true);
    expect(budget.take()).toBe(false);
    clock.advanceSync(2500);
    expect(takeAll(budget.take)).toBe(2);
  });

  it("saves up no more than its cap", () => {
    const clock = createManualClock();
    const budget = createRetryBudget({ ratio: 0.1, perSecond: 1 }, clock.now);
    clock.advanceSync(3_600_000);
    expect(budget.level()).toBe(100);
    for (let call = 0; call < 10_000; call += 1) budget.firstAttempt();
    expect(takeAll(budget.take)).toBe(100);
  });

  it("is not confused by a clock that stands still or steps back", () => {
    let now = 10_000;
    const budget = createRetryBudget({ ratio: 0, perSecond: 1, start: 0 }, () => now);
    now = 5000;
    expect(budget.level()).toBe(0);
    now = 11_000;
    expect(budget.level()).toBe(1);
  });

  it("never pays for more than cap + ratio · first attempts + perSecond · time (invariant 2)", () => {
    const step = fc.oneof(fc.constantFrom("first" as const, "take" as const), fc.nat(5000));
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 500 }),
        fc.constantFrom(0, 0.1, 0.5),
        fc.constantFrom(0, 1),
        (steps, ratio, perSecond) => {
          const clock = createManualClock();
          const start = clock.now();
          const budget = createRetryBudget({ ratio, perSecond }, clock.now);
          let [firsts, taken] = [0, 0];
          for (const one of steps) {
            if (one === "first") {
              budget.firstAttempt();
              firsts += 1;
            } else if (one === "take") taken += budget.take() ? 1 : 0;
            else clock.advanceSync(one);
            const seconds = (clock.now() - start) / 1000;
            expect(taken).toBeLessThanOrEqual(100 + ratio * firsts + perSecond * seconds + 1e-6);
            expect(taken).toBeLessThanOrEqual(10 + ratio * firsts + perSecond * seconds + 1e-6);
            expect(budget.level()).toBeGreaterThanOrEqual(0);
            expect(budget.level()).toBeLessThanOrEqual(100);
          }
        },
      ),
    );
  });
});
