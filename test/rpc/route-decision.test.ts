import { create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import {
  AttemptOutcome,
  BreakerState,
  CanaryArm,
  ErrorReason,
  type RouteDecision,
  RouteDecisionSchema,
  RouteDetail,
  RouteReason,
  SkipReason,
  Tier,
} from "../../gen/switchyard/v1/routing_pb.ts";
import { createTrail, type TrailEntry } from "../../src/attempt/trail.ts";
import { type DecisionFacts, inAnswer, inError, routeDecision } from "../../src/rpc/route-decision.ts";
import { toMs } from "../../src/rpc/wire-time.ts";
import { attemptEntry, skipEntry } from "../support/call-samples.ts";
import { candidatesFrom, sampleFailure, sampleModel } from "../support/routing-samples.ts";

const facts: DecisionFacts = {
  id: "CNRY_01",
  configRevision: "0123456789ab",
  traceId: "0af7651916cd43dd8448eb211c80319c",
  tier: "advanced",
  arm: "canary",
  model: "",
  excluded: [{ ...candidatesFrom(sampleModel("acme/tiny"))[0]!, skip: "context-too-long" }],
};

function trailOf(...entries: readonly TrailEntry[]) {
  const trail = createTrail();
  for (const entry of entries) trail.add(entry);
  return trail;
}

const rescued = trailOf(
  skipEntry(),
  attemptEntry({
    deployment: "acme/b@one",
    model: "acme/b",
    outcome: "timed-out",
    failure: sampleFailure("timeout", { httpStatus: 408, retryAfterMs: 2_500, upstreamRequestId: "req_1" }),
    breakerState: "half-open",
    usage: undefined,
    cost: undefined,
  }),
  attemptEntry({ number: 2, deployment: "acme/c@two", model: "acme/c", reason: "fallback", backoffMs: 40 }),
);
const serving = { number: 2, deployment: "acme/c@two", model: "acme/c", reason: "fallback" } as const;

function created(decision: RouteDecision) {
  return create(RouteDecisionSchema, decision);
}

describe("a route decision", () => {
  it("says what was decided, who served and what all of it cost", () => {
    const decision = created(routeDecision(facts, rescued, serving, 1_250));
    expect(decision).toMatchObject({
      decisionId: "CNRY_01",
      configRevision: "0123456789ab",
      tier: Tier.ADVANCED,
      model: "acme/c",
      deployment: "acme/c@two",
      reason: RouteReason.FALLBACK,
      arm: CanaryArm.CANARY,
      attemptCount: 2,
      totalCost: { nanosUsd: 1234n, unpriced: false },
      traceId: facts.traceId,
    });
    expect(toMs(decision.totalLatency)).toBe(1_250);
  });

  it("tells its attempts in order: ruled out, passed over with number 0, then called", () => {
    const { attempts } = created(routeDecision(facts, rescued, serving, 0));
    expect(attempts.map(({ number, deployment, outcome }) => [number, deployment, outcome])).toEqual([
      [0, "acme/tiny@one", AttemptOutcome.SKIPPED],
      [0, "acme/a@one", AttemptOutcome.SKIPPED],
      [1, "acme/b@one", AttemptOutcome.TIMED_OUT],
      [2, "acme/c@two", AttemptOutcome.SUCCEEDED],
    ]);
    const [ruledOut, skipped, failed, served] = attempts;
    expect(ruledOut?.skipReason).toBe(SkipReason.CONTEXT_TOO_LONG);
    expect(skipped).toMatchObject({ skipReason: SkipReason.BREAKER_OPEN, breakerState: BreakerState.OPEN });
    expect(failed).toMatchObject({
      breakerState: BreakerState.HALF_OPEN,
      error: {
        reason: ErrorReason.UPSTREAM_TIMEOUT,
        httpStatus: 408,
        message: "scripted: timeout",
        upstreamRequestId: "req_1",
      },
    });
    expect(toMs(failed?.error?.retryAfter)).toBe(2_500);
    expect(failed?.usage).toBeUndefined();
    expect(served).toMatchObject({ keyId: "primary", usage: { inputTokens: 30 }, cost: { nanosUsd: 1234n } });
    expect(toMs(served?.backoff)).toBe(40);
    expect(timestampMs(served!.startTime!)).toBe(1_700_000_000_000);
  });

  it("counts the attempt that serves while it has not ended", () => {
    const decision = created(routeDecision(facts, trailOf(), { ...serving, number: 1 }, 0));
    expect(decision.attemptCount).toBe(1);
    expect(decision.attempts.filter(({ number }) => number > 0)).toEqual([]);
  });

  it("names what was asked for, and nobody who served, where nobody did", () => {
    const decision = created(
      routeDecision({ ...facts, tier: undefined, arm: "stable", model: "acme/a" }, trailOf(), undefined, 0),
    );
    expect(decision).toMatchObject({
      tier: Tier.UNSPECIFIED,
      model: "acme/a",
      deployment: "",
      reason: RouteReason.UNSPECIFIED,
      arm: CanaryArm.STABLE,
      attemptCount: 0,
    });
  });

  it("calls the whole unpriced where one part is", () => {
    const trail = trailOf(
      attemptEntry(),
      attemptEntry({ number: 2, cost: { nanos: 0n, unpriced: true, estimated: true } }),
    );
    expect(created(routeDecision(facts, trail, serving, 0)).totalCost).toMatchObject({
      nanosUsd: 0n,
      unpriced: true,
    });
  });
});

describe("how much of a decision is told", () => {
  const decision = routeDecision(facts, rescued, serving, 0);
  const cases = [
    { detail: undefined, answer: 0, error: 4 },
    { detail: RouteDetail.UNSPECIFIED, answer: 0, error: 4 },
    { detail: RouteDetail.NONE, answer: undefined, error: 0 },
    { detail: RouteDetail.SUMMARY, answer: 0, error: 0 },
    { detail: RouteDetail.FULL, answer: 4, error: 4 },
  ];
  for (const { detail, answer, error } of cases) {
    it(`is ${answer} attempts in an answer and ${error} in an error for detail ${detail}`, () => {
      expect(inAnswer(decision, detail)?.attempts.length).toBe(answer);
      expect(inError(decision, detail).attempts.length).toBe(error);
      expect(inError(decision, detail).decisionId).toBe("CNRY_01");
    });
  }
});
