import { SpanStatusCode } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { recordNothing } from "../../src/telemetry/samplers.ts";
import { startServerSpan } from "../../src/telemetry/server-span.ts";
import { type RecordedTelemetry, recordTelemetry } from "../support/recorded-telemetry.ts";
import { sampleCall } from "../support/span-samples.ts";

let telemetry: RecordedTelemetry;
beforeEach(() => {
  telemetry = recordTelemetry();
});
afterEach(() => telemetry.close());

const chat = "switchyard.v1.GatewayService/Chat";
const remoteTrace = "0af7651916cd43dd8448eb211c80319c";

describe("startServerSpan()", () => {
  const codes = [
    { code: "OK", error: false, connect: undefined },
    { code: "CANCELLED", error: false, connect: "canceled" },
    { code: "UNKNOWN", error: true, connect: "unknown" },
    { code: "INVALID_ARGUMENT", error: false, connect: "invalid_argument" },
    { code: "DEADLINE_EXCEEDED", error: true, connect: "deadline_exceeded" },
    { code: "NOT_FOUND", error: false, connect: "not_found" },
    { code: "ALREADY_EXISTS", error: false, connect: "already_exists" },
    { code: "PERMISSION_DENIED", error: false, connect: "permission_denied" },
    { code: "RESOURCE_EXHAUSTED", error: false, connect: "resource_exhausted" },
    { code: "FAILED_PRECONDITION", error: false, connect: "failed_precondition" },
    { code: "ABORTED", error: false, connect: "aborted" },
    { code: "OUT_OF_RANGE", error: false, connect: "out_of_range" },
    { code: "UNIMPLEMENTED", error: true, connect: "unimplemented" },
    { code: "INTERNAL", error: true, connect: "internal" },
    { code: "UNAVAILABLE", error: true, connect: "unavailable" },
    { code: "DATA_LOSS", error: true, connect: "data_loss" },
    { code: "UNAUTHENTICATED", error: false, connect: "unauthenticated" },
  ];
  for (const { code, error, connect } of codes) {
    it(`${error ? "is an error" : "leaves the status unset"} for ${code}, spelt as each protocol does`, async () => {
      for (const protocol of ["grpc", "grpc-web", "connect"] as const) {
        startServerSpan(telemetry.source, sampleCall({}, { protocol })).end(code);
      }
      const [grpc, web, unary] = telemetry.spans();
      for (const span of [grpc, web]) {
        expect(span?.attributes["rpc.system.name"]).toBe("grpc");
        expect(span?.attributes["rpc.status_code"]).toBe(code);
        expect(span?.attributes["error.type"]).toBe(error ? code : undefined);
      }
      expect(unary?.attributes["rpc.system.name"]).toBe("connectrpc");
      expect(unary?.attributes["rpc.status_code"]).toBe(connect);
      expect(unary?.attributes["error.type"]).toBe(error ? connect : undefined);
      for (const span of telemetry.spans()) {
        expect(span.status.code).toBe(error ? SpanStatusCode.ERROR : SpanStatusCode.UNSET);
      }
      const points = await telemetry.points("rpc.server.call.duration");
      expect(points.map((point) => point.labels["error.type"] !== undefined)).toEqual(
        points.map(() => error),
      );
    });
  }

  it("names the method and the address that the caller used", () => {
    startServerSpan(telemetry.source, sampleCall()).end("OK");
    expect(telemetry.span(chat).attributes).toMatchObject({
      "rpc.method": chat,
      "server.address": "gateway.internal",
      "server.port": 50_051,
    });
  });

  it("joins the caller's trace", () => {
    const span = startServerSpan(
      telemetry.source,
      sampleCall({
        traceparent: `00-${remoteTrace}-b7ad6b7169203331-01`,
        tracestate: "vendor=1",
      }),
    );
    span.end("OK");
    expect(span.traceId).toBe(remoteTrace);
    expect(telemetry.span(chat).parentSpanContext?.spanId).toBe("b7ad6b7169203331");
    expect(telemetry.span(chat).spanContext().traceState?.get("vendor")).toBe("1");
  });

  it("is recorded although the caller sampled its own trace away", () => {
    startServerSpan(
      telemetry.source,
      sampleCall({ traceparent: `00-${remoteTrace}-b7ad6b7169203331-00` }),
    ).end("OK");
    expect(telemetry.span(chat).spanContext().traceId).toBe(remoteTrace);
  });

  it("begins a trace of its own where the caller's context is malformed", () => {
    const span = startServerSpan(telemetry.source, sampleCall({ traceparent: "nonsense" }));
    expect(span.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(span.traceId).not.toMatch(/^0+$/);
    span.end("OK");
  });

  for (const method of [
    "grpc.health.v1.Health/Check",
    "grpc.health.v1.Health/Watch",
    "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
  ]) {
    it(`leaves no span, metric or line for ${method}, but a trace id`, async () => {
      const span = startServerSpan(telemetry.source, sampleCall({}, { method }));
      expect(span.run(() => 7)).toBe(7);
      span.end("OK");
      expect(span.traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(telemetry.spans()).toEqual([]);
      expect(await telemetry.points("rpc.server.call.duration")).toEqual([]);
      expect(telemetry.lines()).toEqual([]);
    });
  }

  it("ends once", async () => {
    const span = startServerSpan(telemetry.source, sampleCall());
    span.end("UNAVAILABLE");
    span.end("OK");
    expect(telemetry.span(chat).attributes["rpc.status_code"]).toBe("UNAVAILABLE");
    expect(await telemetry.points("rpc.server.call.duration")).toMatchObject([{ value: { count: 1 } }]);
    expect(telemetry.lines()).toHaveLength(1);
  });

  it("has a valid trace id and a request line where nothing is recorded", async () => {
    await telemetry.close();
    telemetry = recordTelemetry({ sampler: recordNothing() });
    const span = startServerSpan(telemetry.source, sampleCall({}, { caller: "team-a" }));
    span.end("OK");
    expect(span.traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
    expect(telemetry.spans()).toEqual([]);
    expect(telemetry.lines()).toMatchObject([{ trace_id: span.traceId, "switchyard.caller.id": "team-a" }]);
  });
});
