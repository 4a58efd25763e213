import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lowerRate, ninetyFive, ninetyNine, upperRate } from "../../src/routing/score-bound.ts";

const counts = fc
  .integer({ min: 1, max: 100_000 })
  .chain((calls) => fc.record({ calls: fc.constant(calls), failures: fc.integer({ min: 0, max: calls }) }));

describe("the bounds of a failure rate", () => {
  it("know nothing without calls", () => {
    const nothing = { calls: 0, failures: 0 };
    expect([lowerRate(nothing, ninetyFive), upperRate(nothing, ninetyFive)]).toEqual([0, 1]);
  });

  it("leave room for failures that have not come yet", () => {
    // The rule of three, as the score interval has it: 1.645² / (100 + 1.645²).
    expect(upperRate({ calls: 100, failures: 0 }, ninetyFive)).toBeCloseTo(0.02635, 5);
    expect(lowerRate({ calls: 100, failures: 0 }, ninetyFive)).toBe(0);
  });

  it("are the rates under which what was seen is just as unlikely as was asked", () => {
    fc.assert(
      fc.property(counts, fc.constantFrom(ninetyFive, ninetyNine), ({ calls, failures }, deviations) => {
        const seen = failures / calls;
        for (const rate of [
          upperRate({ calls, failures }, deviations),
          lowerRate({ calls, failures }, deviations),
        ]) {
          const variance = (rate * (1 - rate)) / calls;
          expect((rate - seen) ** 2).toBeCloseTo(deviations ** 2 * variance, 12);
        }
      }),
    );
  });

  it("enclose what was seen, within 0 and 1", () => {
    fc.assert(
      fc.property(counts, (count) => {
        const seen = count.failures / count.calls;
        const [low, high] = [lowerRate(count, ninetyNine), upperRate(count, ninetyNine)];
        expect(0 <= low && low <= seen + 1e-12 && seen <= high + 1e-12 && high <= 1).toBe(true);
      }),
    );
  });
});
