import { describe, expect, it } from "vitest";
import { createArmMeasure } from "../../src/attempt/arm-measure.ts";
import { createArmTally } from "../../src/attempt/arm-tally.ts";
import type { ArmCall } from "../../src/attempt/arm-call.ts";
import type { Look } from "../../src/routing/canary-look.ts";
import { attemptEntry } from "../support/call-samples.ts";

const judged = (looks: readonly Look["kind"][]) => {
  const left = [...looks];
  const seen: number[] = [];
  const measure = createArmMeasure((kinds) => {
    seen.push(kinds.flatMap(({ stable, canary }) => [...stable, ...canary]).length);
    const kind = left.shift() ?? "too-few";
    return kind === "too-few" ? { kind } : { kind, ratio: 1.5 };
  });
  return { measure, seen };
};

describe("a measure of the arms", () => {
  it("decides after three looks in a row that find the canary worse", () => {
    const { measure } = judged(["worse", "worse", "alike", "worse", "worse", "worse"]);
    const looks = Array.from({ length: 6 }, () => measure.look());
    expect(looks).toEqual([undefined, undefined, undefined, undefined, undefined, 1.5]);
  });

  it("does not count a look at too few calls, neither way", () => {
    const { measure } = judged(["worse", "too-few", "worse", "too-few", "worse"]);
    expect(Array.from({ length: 5 }, () => measure.look()).at(-1)).toBe(1.5);
  });

  it("is quiet while the last look found nothing", () => {
    const { measure } = judged(["alike", "worse", "alike"]);
    const quiet = Array.from({ length: 3 }, () => {
      measure.look();
      return measure.quiet();
    });
    expect(quiet).toEqual([true, false, true]);
  });

  it("shows each call to one look alone, and keeps what was too little for the next", () => {
    const { measure, seen } = judged(["too-few", "alike", "alike"]);
    for (let look = 0; look < 3; look++) {
      measure.add("a", "stable", 1);
      measure.add("a", "canary", 2);
      measure.add("b", "canary", 3);
      measure.look();
    }
    expect(seen).toEqual([3, 6, 3]);
  });
});

const call = (fields: Partial<ArmCall>): ArmCall => ({
  arm: "canary",
  kind: "none acme/a unary",
  outcome: "served",
  latencyMs: 100,
  firstTokenMs: undefined,
  costNanos: undefined,
  attempts: [attemptEntry()],
  ...fields,
});

describe("the tally of an arm", () => {
  it("starts with nothing", () => {
    expect(createArmTally().totals()).toMatchObject({ calls: 0, latency: undefined, costNanos: 0n });
  });

  it("adds up calls by outcome, and the time of answered ones alone", () => {
    const tally = createArmTally();
    tally.add(call({ latencyMs: 100 }));
    tally.add(call({ outcome: "rescued", latencyMs: 300 }));
    tally.add(call({ outcome: "lost", latencyMs: 60_000 }));
    expect(tally.totals()).toMatchObject({
      calls: 3,
      rescued: 1,
      lost: 1,
      latency: { meanMs: 200, p95Ms: 300 },
    });
  });

  it("adds up tokens and cost of every attempt, and counts those without a price", () => {
    const tally = createArmTally();
    const unpriced = attemptEntry({ cost: { nanos: 0n, unpriced: true, estimated: false } });
    const nothing = attemptEntry({ outcome: "failed", cost: undefined, usage: undefined });
    tally.add(call({ attempts: [nothing, attemptEntry(), unpriced] }));
    expect(tally.totals()).toMatchObject({
      attempts: 3,
      unpricedAttempts: 1,
      costNanos: 1234n,
      inputTokens: 60,
      outputTokens: 14,
    });
  });

  it("has the time that 95 of 100 calls stay within", () => {
    const tally = createArmTally();
    for (let ms = 1; ms <= 100; ms++) tally.add(call({ latencyMs: ms }));
    expect(tally.totals().latency).toEqual({ meanMs: 50.5, p95Ms: 95 });
  });
});
