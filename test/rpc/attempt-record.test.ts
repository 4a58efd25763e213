import { create } from "@bufbuild/protobuf";
import { afterAll, describe, expect, it } from "vitest";
import { UsageSchema, UsageSource } from "../../gen/switchyard/v1/content_pb.ts";
import type { PlannedCall } from "../../src/attempt/planned-call.ts";
import { startRouteSpan } from "../../src/telemetry/route-span.ts";
import { attemptRecord } from "../../src/rpc/attempt-record.ts";
import { attemptEntry } from "../support/call-samples.ts";
import { recordTelemetry } from "../support/recorded-telemetry.ts";
import { sampleFailure } from "../support/routing-samples.ts";
import { sampleRoute } from "../support/span-samples.ts";

const telemetry = recordTelemetry();
afterAll(() => telemetry.close());
const route = startRouteSpan(telemetry.source, sampleRoute({ routeId: "CNRY_1", arm: "canary" }));
// A record looks at nothing else of a call.
const call = { route, account: { caller: "team-a", labels: { app: "x" } } } as unknown as PlannedCall;

describe("an attempt in the ledger", () => {
  it("says whose it was, of which decision, and what it used and cost", () => {
    expect(attemptRecord(attemptEntry({ firstTokenMs: 80 }), call, 42)).toEqual({
      time: 42,
      decisionId: "CNRY_1",
      traceId: route.traceId,
      caller: "team-a",
      labels: { app: "x" },
      tier: "advanced",
      model: "acme/a",
      deployment: "acme/a@one",
      arm: "canary",
      keyId: "primary",
      outcome: "succeeded",
      failure: undefined,
      tokens: { input: 30, cachedInput: 10, output: 7, reasoning: 2, estimated: false },
      costNanos: 1234n,
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
});
