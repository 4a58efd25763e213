import { create } from "@bufbuild/protobuf";
import { afterAll, describe, expect, it } from "vitest";
import { UsageSchema, UsageSource } from "../../gen/switchyard/v1/content_pb.ts";
import type { PlannedCall } from "../../src/attempt/planned-call.ts";
import { startRouteSpan } from "../../src/telemetry/route-span.ts";
import { attemptRecord, unattemptedRecord } from "../../src/rpc/attempt-record.ts";
import type { RouteEnd } from "../../src/attempt/route-summary.ts";
import { createTrail } from "../../src/attempt/trail.ts";
import { attemptEntry } from "../support/call-samples.ts";
import { recordTelemetry } from "../support/recorded-telemetry.ts";
import { sampleFailure } from "../support/routing-samples.ts";
import { sampleRoute } from "../support/span-samples.ts";

const telemetry = recordTelemetry();
afterAll(() => telemetry.close());
// The id of a call that came in at 1469918176385.
const routeId = "CNRY_01ARYZ6S410123456789ABCDEF";
const route = startRouteSpan(telemetry.source, sampleRoute({ routeId, arm: "canary" }));
const first = { deployment: { id: "acme/a@one" }, model: { id: "acme/a" } };
const trail = createTrail();
// A record looks at nothing else of a call.
const call = {
  route,
  trail,
  plan: { candidates: [first], compared: true },
  account: { caller: "team-a", labels: { app: "x" } },
} as unknown as PlannedCall;

describe("an attempt in the ledger", () => {
  it("says whose it was, of which decision, and what it used and cost", () => {
    expect(attemptRecord(attemptEntry({ firstTokenMs: 80 }), call, 42)).toEqual({
      time: 42,
      calledAt: 1_469_918_176_385,
      decisionId: routeId,
      number: 1,
      traceId: route.traceId,
      caller: "team-a",
      labels: { app: "x" },
      tier: "advanced",
      model: "acme/a",
      deployment: "acme/a@one",
      arm: "canary",
      compared: true,
      rescue: false,
      keyId: "primary",
      outcome: "succeeded",
      failure: undefined,
      tokens: { input: 30, cachedInput: 10, output: 7, reasoning: 2, estimated: false },
      costNanos: 1234n,
      startedAt: 1_700_000_000_000,
      latencyMs: 250,
      firstTokenMs: 80,
    });
  });

  it("failed where it timed out, and cost nothing where nobody bills", () => {
    const entry = attemptEntry({
      outcome: "timed-out",
      failure: sampleFailure("timeout"),
      usage: undefined,
      cost: undefined,
    });
    expect(attemptRecord(entry, call, 0)).toMatchObject({
      outcome: "failed",
      failure: "timeout",
      tokens: { input: 0, output: 0, estimated: false },
      costNanos: undefined,
    });
  });

  it("is unpriced, never free, where no price is known", () => {
    const usage = create(UsageSchema, { inputTokens: 5, source: UsageSource.ESTIMATED });
    const entry = attemptEntry({ usage, cost: { nanos: 0n, unpriced: true, estimated: true } });
    expect(attemptRecord(entry, call, 0)).toMatchObject({
      tokens: { input: 5, estimated: true },
      costNanos: undefined,
    });
  });

  it("is a rescue at any deployment but the one that the call went to first", () => {
    const entry = attemptEntry({ deployment: "acme/a@two", number: 2 });
    expect(attemptRecord(entry, call, 0)).toMatchObject({ number: 2, rescue: true });
  });

  it("takes its own start for the call's where the id of the decision tells no time", () => {
    const foreign = { ...call, route: { ...route, facts: { ...route.facts, routeId: "X_1" } } };
    expect(attemptRecord(attemptEntry(), foreign, 0).calledAt).toBe(1_700_000_000_000);
  });
});

describe("a call without any attempt in the ledger", () => {
  const failed = (kind: "none-available" | "cancelled"): RouteEnd => ({
    kind: "failed",
    failure: {
      kind,
      failure: undefined,
      retryAfterMs: undefined,
      contentSent: false,
      retriesSpent: false,
    },
  });

  it("leaves a record with number 0 that used nothing", () => {
    expect(unattemptedRecord(call, failed("none-available"), 1_469_918_176_485)).toMatchObject({
      number: 0,
      decisionId: routeId,
      model: "acme/a",
      deployment: "",
      outcome: "skipped",
      failure: "none-available",
      tokens: { input: 0, output: 0 },
      costNanos: undefined,
      startedAt: 1_469_918_176_385,
      latencyMs: 100,
    });
  });

  it("was cancelled where its caller left before one", () => {
    const record = unattemptedRecord(call, failed("cancelled"), 0);
    expect(record).toMatchObject({ outcome: "cancelled", failure: "cancelled" });
  });

  it("leaves nothing where there was an attempt", () => {
    const tried = createTrail();
    tried.add(attemptEntry({ outcome: "failed", failure: sampleFailure("overloaded") }));
    expect(unattemptedRecord({ ...call, trail: tried }, failed("none-available"), 0)).toBeUndefined();
  });
});
