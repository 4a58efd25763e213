import { create } from "@bufbuild/protobuf";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RoutingOptionsSchema } from "../../gen/switchyard/v1/routing_pb.ts";
import type { TierName } from "../../src/routing/catalog.ts";
import { callLimits } from "../../src/rpc/call-limits.ts";
import { toDuration } from "../../src/rpc/wire-time.ts";
import { configOf } from "../support/parsed-config.ts";
import { candidatesFrom, sampleModel, samplePlan } from "../support/routing-samples.ts";

const config = configOf("");
const context = { deadline: 61_000, deadlineFromCaller: true };
const { firstTokenMs, tokenIdleMs, idleMs } = config.timeouts;

function planFor(tier: TierName | undefined, ...tiers: readonly TierName[]) {
  return samplePlan(candidatesFrom(sampleModel("acme/a", ["one"], { tiers })), { tier });
}

function limitsFor(tier: TierName | undefined, ...tiers: readonly TierName[]) {
  return callLimits(planFor(tier, ...tiers), undefined, context, config, 1_000);
}

describe("the limits of a call", () => {
  it("ends with the call's deadline", () => {
    expect(limitsFor("simple")).toMatchObject({
      deadline: 61_000,
      deadlineFromCaller: true,
      allowanceMs: 60_000,
      maxAttempts: config.retry.attempts,
      attemptMs: undefined,
      idleMs,
    });
  });

  it("gives a tier's call that tier's time to the first token, whoever serves it", () => {
    const model = sampleModel("acme/b", ["one"], { tiers: ["advanced"] });
    expect(limitsFor("simple").firstTokenMs(model)).toBe(firstTokenMs.simple);
    expect(limitsFor("advanced").firstTokenMs(sampleModel("acme/b"))).toBe(firstTokenMs.advanced);
  });

  it("gives a named model the largest of its tiers', else standard's", () => {
    const listed = sampleModel("acme/b", ["one"], { tiers: ["simple", "advanced"] });
    expect(limitsFor(undefined).firstTokenMs(listed)).toBe(firstTokenMs.advanced);
    expect(limitsFor(undefined).firstTokenMs(sampleModel("acme/b"))).toBe(firstTokenMs.standard);
  });

  it("lets the advanced tier think twice as long between two pieces of content", () => {
    expect(limitsFor("standard").tokenIdleMs).toBe(tokenIdleMs);
    expect(limitsFor("advanced").tokenIdleMs).toBe(2 * tokenIdleMs);
    expect(limitsFor(undefined, "standard", "advanced").tokenIdleMs).toBe(2 * tokenIdleMs);
    expect(limitsFor(undefined, "standard").tokenIdleMs).toBe(tokenIdleMs);
    // A model of both tiers that was asked for as a simple one is in no hurry to think.
    expect(limitsFor("simple", "simple", "advanced").tokenIdleMs).toBe(tokenIdleMs);
  });

  it("is the smaller of the caller's and the configured, number by number", () => {
    const number = fc.option(fc.integer({ min: 1, max: 200_000 }), { nil: undefined });
    const attempts = fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined });
    const model = sampleModel("acme/a");
    fc.assert(
      fc.property(number, number, number, attempts, (first, idle, attempt, max) => {
        const routing = create(RoutingOptionsSchema, {
          ...(first === undefined ? {} : { firstTokenTimeout: toDuration(first) }),
          ...(idle === undefined ? {} : { idleTimeout: toDuration(idle) }),
          ...(attempt === undefined ? {} : { attemptTimeout: toDuration(attempt) }),
          ...(max === undefined ? {} : { fallback: { maxAttempts: max } }),
        });
        const limits = callLimits(planFor("simple"), routing, context, config, 1_000);
        expect(limits.firstTokenMs(model)).toBe(Math.min(first ?? Infinity, firstTokenMs.simple));
        expect(limits.configuredFirstTokenMs(model)).toBe(firstTokenMs.simple);
        expect(limits.tokenIdleMs).toBe(Math.min(idle ?? Infinity, tokenIdleMs));
        expect(limits.configuredTokenIdleMs).toBe(tokenIdleMs);
        expect(limits.attemptMs).toBe(attempt);
        expect(limits.maxAttempts).toBe(Math.min(max ?? Infinity, config.retry.attempts));
      }),
    );
  });

  it("has nothing left after its deadline", () => {
    expect(callLimits(planFor("simple"), undefined, context, config, 70_000).allowanceMs).toBe(0);
  });
});
