import { describe, expect, it } from "vitest";
import {
  type CanaryBaseline,
  emptyBaseline,
  toleratedRate,
  withStableCall,
} from "../../src/routing/canary-baseline.ts";

/** After so many calls, every `every`-th of which failed. */
function after(calls: number, every: number, start: CanaryBaseline = emptyBaseline): CanaryBaseline {
  let baseline = start;
  for (let call = 1; call <= calls; call++) baseline = withStableCall(baseline, call % every === 0);
  return baseline;
}

describe("the tolerated rate", () => {
  it("is everything while stable has not been seen", () => {
    expect(toleratedRate(emptyBaseline)).toBe(1);
  });

  it("is stable's upper bound and one percentage point", () => {
    // Wilson's bound of 20 failures in 1000 calls is 2.868 %.
    expect(toleratedRate(after(1000, 50))).toBeCloseTo(0.03868, 5);
  });

  it("comes down to stable's rate and one percentage point as calls come in", () => {
    expect(toleratedRate(after(100, 50))).toBeGreaterThan(0.06);
    expect(toleratedRate(after(100_000, 50))).toBeCloseTo(0.0307, 3);
  });

  it("follows stable into trouble at once, and out of it again", () => {
    const healthy = after(50_000, 200);
    expect(toleratedRate(healthy)).toBeLessThan(0.017);
    const troubled = after(40, 2, healthy);
    expect(toleratedRate(troubled)).toBeGreaterThan(0.2);
    expect(toleratedRate(after(200, 2, healthy))).toBeGreaterThan(0.5);
    expect(toleratedRate(after(1000, 200, troubled))).toBeLessThan(0.02);
  });
});
