import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startAttemptSpan } from "../../src/telemetry/attempt-span.ts";
import { startRouteSpan } from "../../src/telemetry/route-span.ts";
import { startServerSpan } from "../../src/telemetry/server-span.ts";
import { type RecordedTelemetry, recordTelemetry } from "../support/recorded-telemetry.ts";
import {
  failedResult,
  sampleAttempt,
  sampleCall,
  sampleResult,
  sampleRoute,
  sampleSummary,
} from "../support/span-samples.ts";

let telemetry: RecordedTelemetry;
beforeEach(() => {
  telemetry = recordTelemetry();
});
afterEach(() => telemetry.close());

/** A call that a second model saves after the first was rate limited. */
async function rescuedCall(): Promise<{ readonly traceId: string }> {
  const server = startServerSpan(telemetry.source, sampleCall({}, { caller: "team-a" }));
  await server.run(async () => {
    const route = startRouteSpan(telemetry.source, sampleRoute());
    const first = startAttemptSpan(route, sampleAttempt());
    await Promise.resolve();
    first.run(() => first.end(failedResult()));
    route.skipped({ id: "openai/gpt-4.1@legacy", model: "openai/gpt-4.1" }, "breaker-open");
    route.backoff(50, "retry-after");
    const second = startAttemptSpan(
      route,
      sampleAttempt({
        number: 2,
        reason: "fallback",
        cause: "rate_limited",
        model: "deepseek/deepseek-chat-v3-2",
        provider: "deepseek",
        backoffMs: 50,
      }),
    );
    second.end(sampleResult());
    route.end(
      sampleSummary({
        outcome: "fallback",
        reason: "fallback",
        servedModel: "deepseek/deepseek-chat-v3-2",
        attempts: 2,
        fallbackDepth: 1,
      }),
    );
  });
  server.end("OK");
  return server;
}

describe("the tree of a rescued call", () => {
  it("is SERVER, route, and one CLIENT span an attempt, in one trace", async () => {
    const { traceId } = await rescuedCall();
    const server = telemetry.span("switchyard.v1.GatewayService/Chat");
    const route = telemetry.span("route");
    const first = telemetry.span("chat openai/gpt-4.1");
    const second = telemetry.span("chat deepseek/deepseek-chat-v3-2");

    expect(telemetry.spans()).toHaveLength(4);
    expect([server.kind, route.kind, first.kind, second.kind]).toEqual([
      SpanKind.SERVER,
      SpanKind.INTERNAL,
      SpanKind.CLIENT,
      SpanKind.CLIENT,
    ]);
    expect(server.parentSpanContext).toBeUndefined();
    expect(route.parentSpanContext?.spanId).toBe(server.spanContext().spanId);
    expect(first.parentSpanContext?.spanId).toBe(route.spanContext().spanId);
    expect(second.parentSpanContext?.spanId).toBe(route.spanContext().spanId);
    for (const span of telemetry.spans()) expect(span.spanContext().traceId).toBe(traceId);
  });

  it("marks the failed attempt alone as an error", async () => {
    await rescuedCall();
    const status = Object.fromEntries(telemetry.spans().map((span) => [span.name, span.status.code]));
    expect(status).toEqual({
      "switchyard.v1.GatewayService/Chat": SpanStatusCode.UNSET,
      route: SpanStatusCode.UNSET,
      "chat openai/gpt-4.1": SpanStatusCode.ERROR,
      "chat deepseek/deepseek-chat-v3-2": SpanStatusCode.UNSET,
    });
  });

  it("says the route's summary on the SERVER span and in the request line", async () => {
    const { traceId } = await rescuedCall();
    const summary = {
      "switchyard.caller.id": "team-a",
      "switchyard.route.id": "stable_01",
      "switchyard.config.revision": "0123456789ab",
      "switchyard.request.model": "openai/gpt-4.1",
      "switchyard.route.outcome": "fallback",
      "switchyard.route.served_model": "deepseek/deepseek-chat-v3-2",
      "switchyard.cost.amount": 0.0015,
      "switchyard.keep": true,
    };
    expect(telemetry.span("switchyard.v1.GatewayService/Chat").attributes).toMatchObject(summary);
    const line = telemetry.lines().find((entry) => entry["event"] === "request");
    expect(line).toMatchObject({
      ...summary,
      method: "switchyard.v1.GatewayService/Chat",
      code: "OK",
      trace_id: traceId,
    });
  });

  it("keeps tokens and money of an attempt off the route", async () => {
    await rescuedCall();
    const names = Object.keys(telemetry.span("route").attributes);
    expect(names.filter((name) => /^gen_ai\.|cost/.test(name))).toEqual([]);
  });

  it("tells skips and waits as attributes and, to look at, as events", async () => {
    await rescuedCall();
    const route = telemetry.span("route");
    expect(route.attributes).toMatchObject({
      "switchyard.route.skipped": ["openai/gpt-4.1:breaker_open"],
      "switchyard.route.backoff_total": 0.05,
      "switchyard.route.attempts": 2,
      "switchyard.route.retries": 0,
      "switchyard.route.fallback.depth": 1,
      "switchyard.route.reason": "fallback",
      "switchyard.route.tier": "advanced",
      "switchyard.route.deadline_remaining": 30,
      "switchyard.canary.arm": "stable",
    });
    expect(route.events.map((event) => event.name)).toEqual([
      "switchyard.candidate.skipped",
      "switchyard.backoff",
    ]);
    expect(await telemetry.points("switchyard.candidates.skipped")).toEqual([
      { labels: { "gen_ai.request.model": "openai/gpt-4.1", reason: "breaker_open" }, value: 1 },
    ]);
  });

  it("counts attempts by key and calls by outcome", async () => {
    await rescuedCall();
    expect(await telemetry.points("switchyard.attempts")).toEqual([
      {
        labels: {
          "gen_ai.request.model": "openai/gpt-4.1",
          "gen_ai.provider.name": "openai",
          "switchyard.attempt.reason": "primary",
          "switchyard.upstream.key.id": "primary",
          "error.type": "429",
        },
        value: 1,
      },
      {
        labels: {
          "gen_ai.request.model": "deepseek/deepseek-chat-v3-2",
          "gen_ai.provider.name": "deepseek",
          "switchyard.attempt.reason": "fallback",
          "switchyard.upstream.key.id": "primary",
        },
        value: 1,
      },
    ]);
    expect(await telemetry.points("switchyard.route.requests")).toEqual([
      { labels: { tier: "advanced", outcome: "fallback", "canary.arm": "stable" }, value: 1 },
    ]);
  });
});

describe("startRouteSpan()", () => {
  it("is an error where nobody was left to try, and only there", () => {
    const outcomes = [
      "primary",
      "retried",
      "fallback",
      "hedged",
      "rejected",
      "partial",
      "cancelled",
      "exhausted",
    ] as const;
    for (const outcome of outcomes) {
      startRouteSpan(telemetry.source, sampleRoute()).end(sampleSummary({ outcome }));
    }
    const failed = telemetry.spans().filter((span) => span.status.code === SpanStatusCode.ERROR);
    expect(failed.map((span) => span.attributes["switchyard.route.outcome"])).toEqual(["exhausted"]);
  });

  it("knows the trace id that the answer's header carries", () => {
    const server = startServerSpan(telemetry.source, sampleCall());
    expect(server.run(() => startRouteSpan(telemetry.source, sampleRoute())).traceId).toBe(server.traceId);
  });

  it("ends once, and counts an open stream until then", async () => {
    const route = startRouteSpan(telemetry.source, sampleRoute({ stream: true }));
    expect(await telemetry.points("switchyard.stream.active")).toMatchObject([{ value: 1 }]);
    route.end(sampleSummary());
    route.end(sampleSummary({ outcome: "exhausted" }));
    expect(await telemetry.points("switchyard.stream.active")).toMatchObject([{ value: 0 }]);
    expect(await telemetry.points("switchyard.route.requests")).toHaveLength(1);
    expect(telemetry.spans()).toHaveLength(1);
  });

  it("measures the first message from the call's arrival, once", async () => {
    let now = 1_000;
    await telemetry.close();
    telemetry = recordTelemetry({ now: () => now });
    const server = startServerSpan(telemetry.source, sampleCall());
    now += 200;
    server.run(() => {
      const route = startRouteSpan(telemetry.source, sampleRoute());
      now += 300;
      route.firstMessage();
      now += 300;
      route.firstMessage();
      route.end(sampleSummary());
    });
    server.end("OK");
    expect(
      telemetry.span("switchyard.v1.GatewayService/Chat").attributes["switchyard.time_to_first_message"],
    ).toBe(0.5);
    expect(await telemetry.points("switchyard.server.time_to_first_message")).toMatchObject([
      { value: { count: 1, sum: 0.5 } },
    ]);
  });

  it("cuts a model name that a caller made up, and puts it into no span name and no label", async () => {
    const made = "x".repeat(10_000);
    const server = startServerSpan(telemetry.source, sampleCall());
    server.run(() =>
      startRouteSpan(telemetry.source, sampleRoute({ requestModel: made })).end(sampleSummary()),
    );
    server.end("NOT_FOUND");
    const shown = telemetry.span("switchyard.v1.GatewayService/Chat").attributes["switchyard.request.model"];
    expect(String(shown)).toHaveLength(129);
    const labels = await Promise.all(
      ["switchyard.route.requests", "rpc.server.call.duration"].map((name) => telemetry.points(name)),
    );
    expect(JSON.stringify(labels)).not.toContain("xxx");
  });
});
