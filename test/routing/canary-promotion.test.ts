import { describe, expect, it } from "vitest";
import { type CanaryTrial, promotedWeight } from "../../src/routing/canary-promotion.ts";

const earned: CanaryTrial = {
  weightBasisPoints: 500,
  calls: 1000,
  stableCalls: 1000,
  heldMs: 30 * 60_000,
  quiet: true,
};

describe("promotedWeight()", () => {
  it("goes from 5 to 25, 50 and 100 percent", () => {
    const steps: number[] = [];
    for (let weight: number | undefined = 500; weight !== undefined;) {
      weight = promotedWeight({ ...earned, weightBasisPoints: weight });
      if (weight !== undefined) steps.push(weight);
    }
    expect(steps).toEqual([2500, 5000, 10_000]);
  });

  it("goes from a share of the operator's own to the next step", () => {
    expect(promotedWeight({ ...earned, weightBasisPoints: 1 })).toBe(500);
    expect(promotedWeight({ ...earned, weightBasisPoints: 3000 })).toBe(5000);
  });

  const stays: readonly (readonly [string, Partial<CanaryTrial>])[] = [
    ["with a call too few", { calls: 999 }],
    ["without any call, however long", { calls: 0, heldMs: 1e9 }],
    ["with nothing to be compared with", { stableCalls: 999 }],
    ["a moment too soon, whatever the traffic", { heldMs: 30 * 60_000 - 1, calls: 1e6 }],
    ["while a rule has begun to fire", { quiet: false }],
    ["once it has everything", { weightBasisPoints: 10_000 }],
    ["where an operator turned it off", { weightBasisPoints: 0 }],
  ];
  for (const [when, fields] of stays) {
    it(`leaves the share as it is ${when}`, () => {
      expect(promotedWeight({ ...earned, ...fields })).toBeUndefined();
    });
  }
});
