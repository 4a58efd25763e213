import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type CanaryDecision, createCanaryEvents } from "../../src/telemetry/canary-events.ts";
import { startRouteSpan } from "../../src/telemetry/route-span.ts";
import { recordTelemetry, type RecordedTelemetry } from "../support/recorded-telemetry.ts";
import { sampleRoute, sampleSummary } from "../support/span-samples.ts";

const rolledBack: CanaryDecision = {
  kind: "rolled-back",
  canary: "holysheep",
  weightBasisPoints: 0,
  rule: "breaker-open",
  why: "the breaker a@holysheep has not closed for 61 s",
};

const attributes = {
  "switchyard.canary.decision": "rolled_back",
  "switchyard.canary.rule": "breaker_open",
  "switchyard.canary.name": "holysheep",
  "switchyard.canary.weight_after": 0,
  "switchyard.canary.reason": rolledBack.why,
};

let telemetry: RecordedTelemetry;
beforeEach(() => {
  telemetry = recordTelemetry();
});
afterEach(() => telemetry.close());

describe("a decision over the canary", () => {
  it("stands on the span of the call that brought it about, as attributes and an event", () => {
    const route = startRouteSpan(telemetry.source, sampleRoute());
    route.run(() => createCanaryEvents(telemetry.source)(rolledBack));
    route.end(sampleSummary());
    const span = telemetry.span("route");
    expect(span.attributes).toMatchObject(attributes);
    expect(span.events).toMatchObject([{ name: "switchyard.canary.decision", attributes }]);
    expect(telemetry.spans()).toHaveLength(1);
    expect(telemetry.lines()).toMatchObject([
      { "event.name": "switchyard.canary.decision", ...attributes, level: "warn", trace_id: route.traceId },
    ]);
  });

  it("has a trace of its own where time brought it about", () => {
    createCanaryEvents(telemetry.source)(rolledBack);
    const span = telemetry.span("canary");
    expect(span.parentSpanContext).toBeUndefined();
    expect(span.attributes).toMatchObject(attributes);
    expect(span.events).toMatchObject([{ name: "switchyard.canary.decision" }]);
    expect(telemetry.lines()).toMatchObject([{ trace_id: span.spanContext().traceId }]);
  });

  it("is counted by what it was and which rule fired", async () => {
    const tell = createCanaryEvents(telemetry.source);
    tell(rolledBack);
    tell({ ...rolledBack, kind: "promoted", rule: undefined, weightBasisPoints: 2500 });
    expect(await telemetry.points("switchyard.canary.decisions")).toEqual([
      { labels: { decision: "rolled_back", rule: "breaker_open" }, value: 1 },
      { labels: { decision: "promoted", rule: "none" }, value: 1 },
    ]);
  });

  it("is a warning where the canary did worse, and news otherwise", () => {
    const tell = createCanaryEvents(telemetry.source);
    const levels = (["rolled-back", "alarmed", "promoted", "set", "adopted"] as const).map((kind) => {
      tell({ ...rolledBack, kind });
      return telemetry.lines().at(-1)?.["level"];
    });
    expect(levels).toEqual(["warn", "warn", "info", "info", "info"]);
  });

  it("has no rule where none fired", () => {
    createCanaryEvents(telemetry.source)({ ...rolledBack, kind: "set", rule: undefined });
    expect(Object.keys(telemetry.span("canary").attributes)).not.toContain("switchyard.canary.rule");
  });
});
