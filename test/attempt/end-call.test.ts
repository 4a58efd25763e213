import { trace } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { endCall } from "../../src/attempt/end-call.ts";
import type { RouteEnd } from "../../src/attempt/route-summary.ts";
import { startRun } from "../../src/routing/run-state.ts";
import { startRouteSpan } from "../../src/telemetry/route-span.ts";
import { endedCall } from "../support/canary-calls.ts";
import { recordTelemetry, type RecordedTelemetry } from "../support/recorded-telemetry.ts";
import { sampleRoute } from "../support/span-samples.ts";

let telemetry: RecordedTelemetry;
beforeEach(() => {
  telemetry = recordTelemetry();
});
afterEach(() => telemetry.close());

describe("the end of a call", () => {
  it("is told inside its route, before that ends, so that what follows from it stands there", () => {
    const { call, end } = endedCall([{ at: "acme/a@old", serves: true }]);
    const routed = { ...call, route: startRouteSpan(telemetry.source, sampleRoute()) };
    const told: RouteEnd[] = [];
    const onCallEnd = (_call: unknown, how: RouteEnd): void => {
      told.push(how);
      trace.getActiveSpan()?.setAttribute("seen", true);
    };
    endCall({ onCallEnd }, routed, startRun(call.plan), end);
    expect(told).toEqual([end]);
    const { attributes } = telemetry.span("route");
    expect(attributes).toMatchObject({ seen: true, "switchyard.route.outcome": "primary" });
  });

  it("needs nobody who listens", () => {
    const { call, end } = endedCall([{ at: "acme/a@old", fails: "server-error" }]);
    const routed = { ...call, route: startRouteSpan(telemetry.source, sampleRoute()) };
    endCall({}, routed, startRun(call.plan), end);
    expect(telemetry.span("route").attributes["switchyard.route.outcome"]).toBe("exhausted");
  });
});
