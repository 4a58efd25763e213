import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { simulateErrors, type ErrorTruth } from "../../scripts/canary-simulation.ts";
import {
  type CanaryEvidence,
  enoughEvidence,
  evidenceValue,
  noEvidence,
  withCanaryCall,
} from "../../src/routing/canary-evidence.ts";

const rates = fc.double({ min: 0.001, max: 1, noNaN: true });

/** Any history: what happened, and what was tolerated then. */
const histories = fc.array(fc.tuple(fc.boolean(), rates), { maxLength: 60 });

function evidenceOf(history: readonly (readonly [boolean, number])[]): CanaryEvidence {
  return history.reduce(
    (evidence, [failed, tolerated]) => withCanaryCall(evidence, failed, tolerated),
    noEvidence,
  );
}

describe("the evidence against a canary", () => {
  it("is the stake itself before the first call", () => {
    expect(evidenceValue(noEvidence)).toBe(1);
  });

  it("does not grow on average while the canary fails as often as is tolerated, whatever came before", () => {
    fc.assert(
      fc.property(
        histories,
        rates,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (history, tolerated, part) => {
          const before = evidenceOf(history);
          const truth = tolerated * part;
          const expected =
            truth * evidenceValue(withCanaryCall(before, true, tolerated)) +
            (1 - truth) * evidenceValue(withCanaryCall(before, false, tolerated));
          expect(expected).toBeLessThanOrEqual(evidenceValue(before) * (1 + 1e-9));
        },
      ),
    );
  });

  it("is a fair game at just the tolerated rate", () => {
    fc.assert(
      fc.property(histories, rates, (history, tolerated) => {
        const before = evidenceOf(history);
        const expected =
          tolerated * evidenceValue(withCanaryCall(before, true, tolerated)) +
          (1 - tolerated) * evidenceValue(withCanaryCall(before, false, tolerated));
        expect(expected / evidenceValue(before)).toBeCloseTo(1, 9);
      }),
    );
  });

  it("grows on average where the canary fails far more often than is tolerated", () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 20 }),
        fc.double({ min: 0.001, max: 0.2, noNaN: true }),
        (failures, tolerated) => {
          const before = evidenceOf(failures.map((failed) => [failed, tolerated]));
          const truth = Math.min(1, 3 * tolerated);
          const expected =
            truth * evidenceValue(withCanaryCall(before, true, tolerated)) +
            (1 - truth) * evidenceValue(withCanaryCall(before, false, tolerated));
          expect(expected).toBeGreaterThan(evidenceValue(before));
        },
      ),
    );
  });

  it("never falls below nothing, and never loses the part that still waits", () => {
    fc.assert(
      fc.property(histories, (history) => {
        const evidence = evidenceOf(history);
        expect(evidenceValue(evidence)).toBeGreaterThanOrEqual(1 / (history.length + 1));
      }),
    );
  });

  it("learns nothing from calls whose every failure is tolerated", () => {
    const evidence = evidenceOf([false, true, true, false].map((failed) => [failed, 1]));
    expect(evidenceValue(evidence)).toBeCloseTo(1, 12);
  });

  it("finds a canary that dies after a good day within ten calls", () => {
    let evidence = noEvidence;
    for (let call = 1; call <= 100_000; call++) evidence = withCanaryCall(evidence, call % 200 === 0, 0.016);
    expect(evidenceValue(evidence)).toBeLessThan(1);
    let calls = 0;
    for (; evidenceValue(evidence) < enoughEvidence; calls++)
      evidence = withCanaryCall(evidence, true, 0.016);
    expect(calls).toBeLessThanOrEqual(10);
  });
});

function constant(stable: number, canary: number): ErrorTruth {
  return {
    name: `${stable} to ${canary}`,
    stable: () => stable,
    canary: () => canary,
    worseFrom: stable === canary ? undefined : 0,
  };
}

function brokenForAWhile(call: number): number {
  return call > 15_000 && call < 17_000 ? 0.5 : 0.005;
}

describe("the error rule, in simulation", () => {
  const seeds = Array.from({ length: 30 }, (_, index) => index + 1);
  const options = { calls: 30_000, share: 0.05 };
  for (const rate of [0.005, 0.02, 0.05, 0.2]) {
    it(`raises no false alarm where both arms fail ${rate * 100} % of their calls`, () => {
      for (const seed of seeds) {
        expect(simulateErrors(constant(rate, rate), seed, options)["e-process"]).toEqual({ kind: "none" });
      }
    });
  }

  it("raises no false alarm where both arms break together and recover", () => {
    const truth = {
      name: "together",
      stable: brokenForAWhile,
      canary: brokenForAWhile,
      worseFrom: undefined,
    };
    for (const seed of seeds) {
      expect(simulateErrors(truth, seed, options)["e-process"]).toEqual({ kind: "none" });
    }
  });

  const found = (truth: ErrorTruth): readonly number[] =>
    seeds
      .map((seed) => simulateErrors(truth, seed, options)["e-process"])
      .map((alarm) => (alarm.kind === "found" ? alarm.calls : Infinity))
      .toSorted((a, b) => a - b);

  it("finds a dead canary at its tenth call", () => {
    expect(found(constant(0.005, 1)).at(-1)).toBe(10);
  });

  it("finds a canary that fails 30 % instead of 2 % within some twenty calls", () => {
    expect(found(constant(0.02, 0.3))[15]).toBeLessThanOrEqual(30);
  });

  it("finds a canary that fails 10 % instead of 2 % within some hundreds", () => {
    expect(found(constant(0.02, 0.1))[15]).toBeLessThanOrEqual(250);
  });
});
