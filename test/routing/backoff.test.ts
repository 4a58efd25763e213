import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { backoffMs, type BackoffPolicy } from "../../src/routing/backoff.ts";

const shipped = { baseMs: 1000, capMs: 60_000 } as const;
const rounds = [1, 2, 3, 4, 5, 6, 7, 8];

describe("the wait before a round", () => {
  it("doubles from one second to a minute, as shipped and without jitter", () => {
    expect(rounds.map((round) => backoffMs({ ...shipped, jitter: "none" }, round, 0.5))).toEqual([
      1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000,
    ]);
  });

  it("is anything below the nominal wait with full jitter", () => {
    const policy = { ...shipped, jitter: "full" } as const;
    expect(backoffMs(policy, 3, 0.25)).toBe(1000);
    expect(backoffMs(policy, 3, 0.999)).toBe(3996);
  });

  it("is anything in the upper half of the nominal wait with equal jitter", () => {
    const policy = { ...shipped, jitter: "equal" } as const;
    expect(backoffMs(policy, 3, 0)).toBe(2000);
    expect(backoffMs(policy, 3, 0.5)).toBe(3000);
  });

  it("is at least 50 ms, unless the cap is shorter", () => {
    expect(backoffMs({ ...shipped, jitter: "full" }, 1, 0)).toBe(50);
    expect(backoffMs({ baseMs: 10, capMs: 20, jitter: "full" }, 1, 0)).toBe(20);
  });

  it("stays at the cap in a round that no call reaches", () => {
    expect(backoffMs({ ...shipped, jitter: "none" }, 5000, 0)).toBe(60_000);
  });

  const policies: fc.Arbitrary<BackoffPolicy> = fc.record({
    baseMs: fc.integer({ min: 1, max: 10_000 }),
    capMs: fc.integer({ min: 1, max: 120_000 }),
    jitter: fc.constantFrom("full", "equal", "none"),
  });
  const chances = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it("stays in the envelope of its jitter (invariant 14)", () => {
    fc.assert(
      fc.property(policies, fc.integer({ min: 1, max: 64 }), chances, (policy, round, random) => {
        const nominal = Math.min(policy.capMs, policy.baseMs * 2 ** (round - 1));
        const least = { full: 0, equal: nominal / 2, none: nominal }[policy.jitter];
        const floor = Math.min(50, policy.capMs);
        const ms = backoffMs(policy, round, random);
        expect(ms).toBeGreaterThanOrEqual(Math.max(least, floor));
        expect(ms).toBeLessThanOrEqual(Math.max(nominal, floor));
      }),
      { numRuns: 2000 },
    );
  });
});
