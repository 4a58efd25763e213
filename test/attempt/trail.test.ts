import { describe, expect, it } from "vitest";
import { type AttemptCost, type AttemptEntry, createTrail, sumCosts } from "../../src/attempt/trail.ts";
import { attemptEntry } from "../support/call-samples.ts";

const cost = (nanos: bigint, fields: Partial<AttemptCost> = {}): AttemptCost => ({
  nanos,
  unpriced: false,
  estimated: false,
  ...fields,
});

function attempt(number: number, fields: Partial<AttemptEntry> = {}): AttemptEntry {
  return attemptEntry({ number, cost: undefined, ...fields });
}

const skip = { kind: "skip", deployment: "acme/b@one", skip: "breaker-open", breakerState: "open" } as const;

describe("the trail of a call", () => {
  it("is empty at first, and then costs nothing", () => {
    const trail = createTrail();
    expect(trail.entries()).toEqual([]);
    expect(trail.lastAttempt()).toBeUndefined();
    expect(trail.totalCost()).toEqual(cost(0n));
  });

  it("keeps attempts and skips in the order in which they were decided", () => {
    const trail = createTrail();
    for (const entry of [attempt(1), skip, attempt(2)]) trail.add(entry);
    expect(trail.entries()).toEqual([attempt(1), skip, attempt(2)]);
  });

  it("knows its last attempt, whatever was passed over since", () => {
    const trail = createTrail();
    for (const entry of [attempt(1), attempt(2), skip]) trail.add(entry);
    expect(trail.lastAttempt()?.number).toBe(2);
  });

  it("costs what all attempts cost, those that failed and were billed included (invariant 23)", () => {
    const trail = createTrail();
    trail.add(attempt(1, { outcome: "failed", cost: cost(30n, { estimated: true }) }));
    trail.add(attempt(2, { outcome: "failed" }));
    trail.add(skip);
    trail.add(attempt(3, { cost: cost(12n) }));
    expect(trail.totalCost()).toEqual(cost(42n, { estimated: true }));
  });

  it("shares nothing with another call's", () => {
    const [one, other] = [createTrail(), createTrail()];
    one.add(attempt(1));
    expect(other.entries()).toEqual([]);
  });
});

describe("the sum of costs", () => {
  const cases: readonly {
    readonly name: string;
    readonly costs: readonly (AttemptCost | undefined)[];
    readonly expected: AttemptCost;
  }[] = [
    { name: "is nothing for nothing", costs: [], expected: cost(0n) },
    { name: "leaves out what nobody bills", costs: [undefined, cost(5n), undefined], expected: cost(5n) },
    {
      name: "is unpriced where any part is, and then has no number that could be taken for one",
      costs: [cost(5n), cost(0n, { unpriced: true }), cost(7n)],
      expected: cost(0n, { unpriced: true }),
    },
    {
      name: "is estimated where any part is",
      costs: [cost(5n), cost(2n, { estimated: true })],
      expected: cost(7n, { estimated: true }),
    },
    {
      name: "may be unpriced and estimated",
      costs: [cost(0n, { unpriced: true, estimated: true }), cost(1n)],
      expected: cost(0n, { unpriced: true, estimated: true }),
    },
    {
      name: "is exact beyond what a double holds",
      costs: [cost(9_007_199_254_740_993n), cost(1n)],
      expected: cost(9_007_199_254_740_994n),
    },
  ];
  for (const { name, costs, expected } of cases) {
    it(name, () => expect(sumCosts(costs)).toEqual(expected));
  }
});
