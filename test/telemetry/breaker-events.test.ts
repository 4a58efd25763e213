import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startAttemptSpan } from "../../src/telemetry/attempt-span.ts";
import { createBreakerEvents } from "../../src/telemetry/breaker-events.ts";
import { startRouteSpan } from "../../src/telemetry/route-span.ts";
import { type RecordedTelemetry, recordTelemetry } from "../support/recorded-telemetry.ts";
import { failedResult, sampleAttempt, sampleRoute } from "../support/span-samples.ts";

let telemetry: RecordedTelemetry;
beforeEach(() => {
  telemetry = recordTelemetry();
});
afterEach(() => telemetry.close());

const breaker = "openai/gpt-4.1@holysheep";

describe("createBreakerEvents()", () => {
  it("makes a trip an event of the attempt that caused it, a line and a count", async () => {
    const events = createBreakerEvents(telemetry.source);
    const attempt = startAttemptSpan(startRouteSpan(telemetry.source, sampleRoute()), sampleAttempt());
    attempt.run(() => events.onTransition("closed", "open", breaker));
    attempt.end(failedResult());
    const span = telemetry.span("chat openai/gpt-4.1");
    expect(span.events).toMatchObject([
      {
        name: "switchyard.breaker.transition",
        attributes: {
          "switchyard.breaker.name": breaker,
          "switchyard.breaker.from": "closed",
          "switchyard.breaker.to": "open",
        },
      },
    ]);
    expect(telemetry.lines()[0]).toMatchObject({
      "event.name": "switchyard.breaker.transition",
      "switchyard.breaker.to": "open",
      trace_id: span.spanContext().traceId,
    });
    expect(await telemetry.points("switchyard.breaker.transitions")).toEqual([
      { labels: { breaker, from: "closed", to: "open" }, value: 1 },
    ]);
  });

  it("keeps half-open, which a timer brings about, out of the trace of the call that tripped it", async () => {
    const events = createBreakerEvents(telemetry.source);
    const attempt = startAttemptSpan(startRouteSpan(telemetry.source, sampleRoute()), sampleAttempt());
    attempt.run(() => events.onTransition("open", "half-open", breaker));
    attempt.end(failedResult());
    expect(telemetry.span("chat openai/gpt-4.1").events).toEqual([]);
    expect(telemetry.lines()[0]).not.toHaveProperty("trace_id");
    expect(telemetry.lines()[0]).toMatchObject({ "switchyard.breaker.to": "half_open" });
    expect(await telemetry.points("switchyard.breaker.transitions")).toMatchObject([{ value: 1 }]);
  });

  it("reports every breaker's state, one for each possible, until stopped", async () => {
    const stop = createBreakerEvents(telemetry.source).observe(() => [{ name: breaker, state: "half-open" }]);
    expect(await telemetry.points("switchyard.breaker.state")).toEqual([
      { labels: { breaker, state: "closed" }, value: 0 },
      { labels: { breaker, state: "open" }, value: 0 },
      { labels: { breaker, state: "half_open" }, value: 1 },
    ]);
    stop();
  });
});
