import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ArmSamples } from "../../src/routing/arm-samples.ts";
import { hodgesLehmann } from "../../src/routing/hodges-lehmann.ts";
import { mannWhitney } from "../../src/routing/mann-whitney.ts";

const values = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 20 });
const kinds: fc.Arbitrary<readonly ArmSamples[]> = fc.array(fc.record({ stable: values, canary: values }), {
  minLength: 1,
  maxLength: 4,
});

const swapped = (all: readonly ArmSamples[]): readonly ArmSamples[] =>
  all.map(({ stable, canary }) => ({ stable: canary, canary: stable }));

const shifted = (all: readonly ArmSamples[], by: number): readonly ArmSamples[] =>
  all.map(({ stable, canary }) => ({ stable, canary: canary.map((value) => value + by) }));

describe("mannWhitney()", () => {
  it("is nothing for no values and for equal ones", () => {
    expect(mannWhitney([])).toBe(0);
    expect(mannWhitney([{ stable: [1, 1, 1], canary: [1, 1] }])).toBe(0);
  });

  it("is U beyond its mean in standard deviations", () => {
    // U is 9 of 9, its mean 4.5, its variance 3·3·7/12.
    expect(mannWhitney([{ stable: [1, 2, 3], canary: [4, 5, 6] }])).toBeCloseTo(4.5 / Math.sqrt(5.25), 12);
  });

  it("corrects the variance for ties", () => {
    // Ranks 1, 3, 3, 3, 5: U is 1 + 2/2 + 2 = 4 of 6, and one group of three makes 24/(5·4) of the 6 smaller.
    const kind = { stable: [1, 2], canary: [2, 2, 3] };
    expect(mannWhitney([kind])).toBeCloseTo((5 - 3) / Math.sqrt((6 / 12) * (6 - 24 / 20)), 12);
  });

  it("compares each kind with itself alone", () => {
    // Together the canary has more of the slow kind; within each kind nothing differs.
    const quick = { stable: [1, 2, 3, 4, 5, 6], canary: [2, 5] };
    const slow = { stable: [102, 105], canary: [101, 102, 103, 104, 105, 106] };
    expect(mannWhitney([quick, slow])).toBeCloseTo(0, 12);
    const mixed = {
      stable: [...quick.stable, ...slow.stable],
      canary: [...quick.canary, ...slow.canary],
    };
    expect(mannWhitney([mixed])).toBeGreaterThan(1.5);
  });

  it("gives a kind the more weight the fewer calls it has, as van Elteren does", () => {
    const many = { stable: [1, 2, 3], canary: [4, 5, 6] };
    const few = { stable: [2], canary: [1] };
    expect(mannWhitney([many, few])).toBeCloseTo((4.5 / 7 - 0.5 / 3) / Math.sqrt(5.25 / 49 + 0.25 / 9), 12);
  });

  it("changes its sign, and nothing else, with the arms swapped", () => {
    fc.assert(
      fc.property(kinds, (all) => {
        expect(mannWhitney(swapped(all))).toBeCloseTo(-mannWhitney(all), 9);
      }),
    );
  });

  it("has the sign of the arm that is larger throughout", () => {
    fc.assert(
      fc.property(fc.record({ stable: values, canary: values }), (kind) => {
        expect(mannWhitney(shifted([kind], 200))).toBeGreaterThan(0);
        expect(mannWhitney(shifted([kind], -200))).toBeLessThan(0);
      }),
    );
  });
});

describe("hodgesLehmann()", () => {
  it("is nothing without two sides", () => {
    expect(hodgesLehmann([])).toBe(0);
    expect(hodgesLehmann([{ stable: [1], canary: [] }])).toBe(0);
  });

  it("is the median of all differences, of each kind with itself", () => {
    fc.assert(
      fc.property(kinds, (all) => {
        const differences = all
          .flatMap(({ stable, canary }) => canary.flatMap((own) => stable.map((other) => own - other)))
          .toSorted((a, b) => a - b);
        const median = differences[Math.ceil(differences.length / 2) - 1]!;
        expect(hodgesLehmann(all)).toBeCloseTo(median, 9);
      }),
    );
  });

  it("moves with the canary's values", () => {
    fc.assert(
      fc.property(kinds, fc.integer({ min: -100, max: 100 }), (all, by) => {
        expect(hodgesLehmann(shifted(all, by))).toBeCloseTo(hodgesLehmann(all) + by, 9);
      }),
    );
  });

  it("is not moved by a few huge values", () => {
    const usual = Array.from({ length: 50 }, (_, index) => 100 + index);
    const canary = [...usual.slice(0, 47), 1e6, 1e7, 1e8];
    expect(Math.abs(hodgesLehmann([{ stable: usual, canary }]))).toBeLessThan(5);
  });
});
