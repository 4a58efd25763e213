// An in-process stub would not prove that traces arrive: this is real OTLP, over both of its protocols, to a
// backend that we did not write, read back through its own query API.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLog } from "../../src/telemetry/log.ts";
import { startTelemetry } from "../../src/telemetry/start-telemetry.ts";
import { startTraceBackend, type StoredSpan, type TraceBackend } from "../support/trace-backend.ts";
import { tracedCall } from "../support/traced-call.ts";

let backend: TraceBackend;
beforeAll(async () => {
  backend = await startTraceBackend();
});
afterAll(() => backend.close());

const byName = (spans: readonly StoredSpan[]) => new Map(spans.map((span) => [span.name, span]));

describe("a third-party trace backend", () => {
  for (const protocol of ["http/protobuf", "grpc"]) {
    it(`shows the tree of a rescued call that came by ${protocol}`, async () => {
      const lines: string[] = [];
      const telemetry = await startTelemetry({
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: protocol === "grpc" ? backend.grpcEndpoint : backend.httpEndpoint,
          OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
        },
        version: "1.2.3",
        log: createLog("warn", { write: (line) => void lines.push(line) }),
      });
      const traceId = tracedCall(telemetry.source);
      await telemetry.shutdown();
      expect(lines.filter((line) => line.includes("telemetry_problem"))).toEqual([]);

      const traces = await backend.query("switchyard.route.outcome = fallback");
      const spans = traces.find((trace) => trace[0]?.traceId === traceId) ?? [];
      const named = byName(spans);
      const server = named.get("switchyard.v1.GatewayService/Chat");
      const route = named.get("route");
      const first = named.get("chat openai/gpt-4.1");
      const second = named.get("chat deepseek/deepseek-chat-v3-2");
      expect(spans).toHaveLength(4);
      expect(server).toMatchObject({ kind: "SERVER", status: { code: "UNSET" } });
      expect(route).toMatchObject({ kind: "INTERNAL", parentSpanId: server?.spanId });
      expect(first).toMatchObject({
        kind: "CLIENT",
        parentSpanId: route?.spanId,
        status: { code: "ERROR" },
        attributes: { "error.type": "429", "service.name": "switchyard", "service.version": "1.2.3" },
      });
      expect(second).toMatchObject({
        parentSpanId: route?.spanId,
        status: { code: "UNSET" },
        attributes: { "switchyard.attempt.cause": "rate_limited", "gen_ai.usage.output_tokens": 34 },
      });
      // Not what the SDK would tell of the machine by itself.
      expect(Object.keys(server?.attributes ?? {}).filter((key) => /^(process|host|os)\./.test(key))).toEqual(
        [],
      );
    });
  }

  it("shows a call whose caller sampled its own trace away", async () => {
    const telemetry = await startTelemetry({
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: backend.httpEndpoint },
      version: "1.2.3",
      log: createLog("silent"),
    });
    const remote = "0af7651916cd43dd8448eb211c80319c";
    tracedCall(telemetry.source, { traceparent: `00-${remote}-b7ad6b7169203331-00` });
    await telemetry.flush();
    const traces = await backend.query("switchyard.route.outcome = fallback");
    expect(traces.some((trace) => trace[0]?.traceId === remote)).toBe(true);
    await telemetry.shutdown();
  });
});
