import { SpanStatusCode } from "@opentelemetry/api";
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
} from "../support/span-samples.ts";

let telemetry: RecordedTelemetry;
beforeEach(() => {
  telemetry = recordTelemetry();
});
afterEach(() => telemetry.close());

const route = (facts: Parameters<typeof sampleRoute>[0] = {}) =>
  startRouteSpan(telemetry.source, sampleRoute(facts));
const name = "chat openai/gpt-4.1";

describe("startAttemptSpan()", () => {
  it("tells the request's numbers, the candidate, the key and the breaker", () => {
    const attempt = startAttemptSpan(
      route(),
      sampleAttempt({
        number: 3,
        reason: "retry",
        cause: "timeout",
        breakerState: "half-open",
        backoffMs: 1_500,
        rotationIndex: 1,
        stream: true,
        generation: {
          maxTokens: 100,
          temperature: 0,
          topP: 0.5,
          topK: 40,
          seed: 7,
          stopSequences: ["END"],
          frequencyPenalty: -1,
          presencePenalty: 1,
        },
      }),
    );
    attempt.end(sampleResult({ chunks: 9 }));
    expect(telemetry.span(name).attributes).toEqual({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "openai/gpt-4.1",
      "gen_ai.request.stream": true,
      "gen_ai.request.max_tokens": 100,
      "gen_ai.request.temperature": 0,
      "gen_ai.request.top_p": 0.5,
      "gen_ai.request.top_k": 40,
      "gen_ai.request.seed": 7,
      "gen_ai.request.stop_sequences": ["END"],
      "gen_ai.request.frequency_penalty": -1,
      "gen_ai.request.presence_penalty": 1,
      "gen_ai.response.id": "chatcmpl-1",
      "gen_ai.response.model": "gpt-4.1-2025",
      "gen_ai.response.finish_reasons": ["stop"],
      "gen_ai.usage.input_tokens": 12,
      "gen_ai.usage.output_tokens": 34,
      "gen_ai.usage.cache_read.input_tokens": 5,
      "gen_ai.usage.reasoning.output_tokens": 6,
      "server.address": "api.holysheep.ai",
      "server.port": 443,
      "http.response.status_code": 200,
      "switchyard.attempt.number": 3,
      "switchyard.attempt.reason": "retry",
      "switchyard.attempt.cause": "timeout",
      "switchyard.attempt.backoff": 1.5,
      "switchyard.attempt.timeout": 20,
      "switchyard.attempt.outcome": "success",
      "switchyard.breaker.name": "openai/gpt-4.1@holysheep",
      "switchyard.breaker.state": "half_open",
      "switchyard.upstream.name": "holysheep",
      "switchyard.upstream.key.id": "primary",
      "switchyard.upstream.key.rotation_index": 1,
      "switchyard.tokens.source": "upstream",
      "switchyard.cost.amount": 0.0015,
      "switchyard.cost.currency": "USD",
      "switchyard.cost.source": "upstream",
      "switchyard.stream.chunks": 9,
      "switchyard.stream.interrupted": false,
    });
  });

  it("says nothing of money where the model has no price", async () => {
    startAttemptSpan(route(), sampleAttempt()).end(sampleResult({ costNanos: undefined }));
    const said = Object.keys(telemetry.span(name).attributes).filter((key) => key.includes("cost"));
    expect(said).toEqual([]);
    expect(await telemetry.points("switchyard.cost")).toEqual([]);
  });

  it("is an error with our own sentence, and warns once in the log, where it failed", async () => {
    const attempt = startAttemptSpan(route(), sampleAttempt());
    attempt.end(failedResult());
    attempt.end(sampleResult());
    const span = telemetry.span(name);
    expect(span.status).toEqual({
      code: SpanStatusCode.ERROR,
      message: "the upstream limits the rate of this key",
    });
    expect(span.attributes).toMatchObject({
      "error.type": "429",
      "switchyard.attempt.outcome": "error",
      "switchyard.retry_after": 2,
    });
    expect(await telemetry.points("switchyard.attempts")).toMatchObject([{ value: 1 }]);
    expect(telemetry.lines()).toHaveLength(1);
    expect(telemetry.lines()[0]).toMatchObject({
      level: "warn",
      event: "attempt_failed",
      failure: "rate-limited",
      trace_id: span.spanContext().traceId,
      span_id: span.spanContext().spanId,
    });
  });

  for (const outcome of ["hedge_lost", "client_cancelled"] as const) {
    it(`is no error where it ended as ${outcome}`, async () => {
      startAttemptSpan(route(), sampleAttempt()).end(sampleResult({ outcome }));
      expect(telemetry.span(name).status.code).toBe(SpanStatusCode.UNSET);
      expect(telemetry.span(name).attributes["error.type"]).toBeUndefined();
      expect(telemetry.lines()).toEqual([]);
      expect(await telemetry.points("switchyard.attempts")).toMatchObject([{ value: 1 }]);
    });
  }

  it("never carries an upstream's words, whatever the failure holds", async () => {
    const secret = "sk-live-do-not-show";
    startAttemptSpan(route(), sampleAttempt()).end(
      failedResult({ cause: new Error(secret), upstreamRequestId: "req-1" }),
    );
    const span = telemetry.span(name);
    expect(JSON.stringify([span.attributes, span.status, span.events, telemetry.lines()])).not.toContain(
      secret,
    );
  });

  it("gives the finish reason `error` to a stream that broke, and bounds what an upstream sends", () => {
    startAttemptSpan(route(), sampleAttempt({ stream: true })).end(
      sampleResult({ interrupted: true, finishReasons: [], responseId: "i".repeat(5_000), chunks: 2 }),
    );
    startAttemptSpan(route(), sampleAttempt({ model: "b" })).end(
      sampleResult({ finishReasons: Array.from({ length: 500 }, () => "r".repeat(500)) }),
    );
    expect(telemetry.span(name).attributes["gen_ai.response.finish_reasons"]).toEqual(["error"]);
    expect(String(telemetry.span(name).attributes["gen_ai.response.id"])).toHaveLength(129);
    const reasons = JSON.stringify(telemetry.span("chat b").attributes["gen_ai.response.finish_reasons"]);
    expect(reasons.length).toBeLessThan(3_000);
  });

  it("links a hedge to the attempt that it hedges", () => {
    const above = route();
    const first = startAttemptSpan(above, sampleAttempt());
    const hedge = startAttemptSpan(above, sampleAttempt({ number: 2, model: "b", hedgeOf: first }));
    hedge.end(sampleResult());
    first.end(sampleResult({ outcome: "hedge_lost" }));
    const [link] = telemetry.span("chat b").links;
    expect(link?.context.spanId).toBe(telemetry.span(name).spanContext().spanId);
    expect(link?.attributes).toEqual({ "switchyard.link.type": "hedge_of" });
  });

  it("hands the upstream its own place in the caller's trace, and no baggage", () => {
    const server = startServerSpan(
      telemetry.source,
      sampleCall({
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        tracestate: "vendor=1",
        baggage: "user=7",
      }),
    );
    const headers = server.run(() => startAttemptSpan(route(), sampleAttempt())).traceHeaders();
    expect(headers["traceparent"]).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/);
    expect(headers["traceparent"]).not.toContain("b7ad6b7169203331");
    expect(headers["tracestate"]).toBe("vendor=1");
    expect(Object.keys(headers).toSorted()).toEqual(["traceparent", "tracestate"]);
  });

  it("records the first content once, and the pace of the others", async () => {
    const attempt = startAttemptSpan(route(), sampleAttempt({ stream: true }));
    attempt.firstToken(250);
    attempt.firstToken(900);
    attempt.nextToken(20);
    attempt.nextToken(30);
    attempt.end(sampleResult({ chunks: 3 }));
    expect(telemetry.span(name).attributes["gen_ai.response.time_to_first_chunk"]).toBe(0.25);
    expect(await telemetry.points("gen_ai.client.operation.time_to_first_chunk")).toMatchObject([
      { value: { count: 1, sum: 0.25 } },
    ]);
    expect(await telemetry.points("gen_ai.client.operation.time_per_output_chunk")).toMatchObject([
      { value: { count: 2 } },
    ]);
  });

  it("counts tokens by type and money by tier", async () => {
    startAttemptSpan(route(), sampleAttempt()).end(sampleResult());
    const model = {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "openai/gpt-4.1",
    };
    expect(await telemetry.points("gen_ai.client.token.usage")).toEqual([
      { labels: { ...model, "gen_ai.token.type": "input" }, value: { count: 1, sum: 12 } },
      { labels: { ...model, "gen_ai.token.type": "output" }, value: { count: 1, sum: 34 } },
    ]);
    expect(await telemetry.points("switchyard.cost")).toEqual([
      { labels: { tier: "advanced", model: "openai/gpt-4.1", source: "upstream" }, value: 0.0015 },
    ]);
  });

  it("tells of a key rotation", () => {
    const attempt = startAttemptSpan(route(), sampleAttempt());
    attempt.keyRotated("primary", "second");
    attempt.end(failedResult());
    expect(telemetry.span(name).events).toMatchObject([
      {
        name: "switchyard.key.rotated",
        attributes: {
          "switchyard.upstream.key.from": "primary",
          "switchyard.upstream.key.to": "second",
        },
      },
    ]);
  });
});
