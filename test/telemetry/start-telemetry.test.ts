import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLog, type Log } from "../../src/telemetry/log.ts";
import { startTelemetry, type Telemetry } from "../../src/telemetry/start-telemetry.ts";
import {
  type DeadCollector,
  failingCollector,
  hangingCollector,
  refusingCollector,
} from "../support/dead-collector.ts";
import { tracedCall } from "../support/traced-call.ts";

let lines: Record<string, unknown>[] = [];
let log: Log;
let unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => {
  unhandled.push(reason);
};

beforeEach(() => {
  lines = [];
  unhandled = [];
  log = createLog("info", { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
  process.on("unhandledRejection", onUnhandled);
});
afterEach(() => {
  process.off("unhandledRejection", onUnhandled);
});

const problems = () => lines.filter((line) => line["event"] === "telemetry_problem");

async function scrape(telemetry: Telemetry): Promise<string> {
  if (telemetry.metricsText === undefined) throw new Error("there is nothing to scrape");
  return telemetry.metricsText();
}

describe("startTelemetry() without a collector", () => {
  it("gives valid trace ids, joins a caller's trace and keeps it sampled", async () => {
    const telemetry = await startTelemetry({ env: {}, version: "1.2.3", log });
    const remote = "0af7651916cd43dd8448eb211c80319c";
    expect(tracedCall(telemetry.source)).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
    expect(tracedCall(telemetry.source, { traceparent: `00-${remote}-b7ad6b7169203331-01` })).toBe(remote);
    const requests = lines.filter((line) => line["event"] === "request");
    expect(requests.map((line) => line["trace_flags"])).toEqual(["00", "01"]);
    await telemetry.shutdown();
    expect(problems()).toEqual([]);
  });

  it("lets metrics be scraped under the names that a collector would give them", async () => {
    const telemetry = await startTelemetry({ env: {}, version: "1.2.3", log });
    tracedCall(telemetry.source);
    const text = await scrape(telemetry);
    const names = new Set(
      text
        .split("\n")
        .filter((line) => line !== "" && !line.startsWith("#"))
        .map((line) => line.replace(/[{ ].*$/, "")),
    );
    for (const name of [
      "rpc_server_call_duration_seconds_bucket",
      "gen_ai_client_operation_duration_seconds_bucket",
      "gen_ai_client_token_usage_bucket",
      "switchyard_attempts_total",
      "switchyard_route_requests_total",
      "switchyard_cost_total",
    ]) {
      expect(names).toContain(name);
    }
    // The advised buckets survive the renaming.
    expect(text).toMatch(/gen_ai_client_operation_duration_seconds_bucket\{[^}]*le="81.92"/);
    await telemetry.shutdown();
  });

  it("does nothing where the SDK is disabled, and calls still have ids", async () => {
    const env = { OTEL_SDK_DISABLED: "true", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" };
    const telemetry = await startTelemetry({ env, version: "1.2.3", log });
    expect(telemetry.metricsText).toBeUndefined();
    expect(tracedCall(telemetry.source)).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
    await telemetry.shutdown();
  });

  it("starts although the endpoint is none, and says so", async () => {
    for (const env of [
      { OTEL_EXPORTER_OTLP_ENDPOINT: "ht!tp:/nonsense" },
      { OTEL_EXPORTER_OTLP_ENDPOINT: "a:b:c", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
    ]) {
      lines = [];
      const telemetry = await startTelemetry({ env, version: "1.2.3", log });
      expect(tracedCall(telemetry.source)).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
      expect(problems().length).toBeGreaterThan(0);
      await telemetry.shutdown();
    }
  });
});

describe("startTelemetry() with a dead collector", () => {
  const kinds: readonly {
    readonly name: string;
    readonly start: () => Promise<DeadCollector>;
    readonly protocol: string;
  }[] = [
    { name: "refuses", start: refusingCollector, protocol: "http/protobuf" },
    { name: "hangs", start: hangingCollector, protocol: "http/protobuf" },
    { name: "answers 400", start: () => failingCollector(400), protocol: "http/protobuf" },
    { name: "answers 503", start: () => failingCollector(503), protocol: "http/protobuf" },
    { name: "refuses", start: refusingCollector, protocol: "grpc" },
    { name: "hangs", start: hangingCollector, protocol: "grpc" },
    { name: "speaks HTTP/1.1", start: () => failingCollector(400), protocol: "grpc" },
  ];
  for (const { name, start, protocol } of kinds) {
    it(`serves on and stops within 3 s where it ${name} (${protocol})`, async () => {
      const collector = await start();
      const telemetry = await startTelemetry({
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
          OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
          OTEL_BSP_SCHEDULE_DELAY: "10",
          OTEL_METRIC_EXPORT_INTERVAL: "20",
        },
        version: "1.2.3",
        log,
      });
      // More than the queue holds: what is lost is spans.
      for (let round = 0; round < 30; round += 1) {
        for (let call = 0; call < 100; call += 1) {
          expect(tracedCall(telemetry.source)).toHaveLength(32);
        }
        await sleep(5);
      }
      const flushing = telemetry.flush();
      const before = performance.now();
      await Promise.all([flushing, telemetry.shutdown(), telemetry.shutdown()]);
      // 3 s, and what a loaded machine adds.
      expect(performance.now() - before).toBeLessThan(5_000);
      await sleep(20);
      expect(unhandled).toEqual([]);
      expect(problems().length).toBeGreaterThan(0);
      expect(problems().length).toBeLessThan(20);
      for (const line of problems()) expect(String(line["msg"])).not.toContain("\n");
      await collector.close();
    });
  }

  it("counts the spans it lost, where asked", async () => {
    const collector = await hangingCollector();
    const telemetry = await startTelemetry({
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
        OTEL_METRICS_EXPORTER: "prometheus",
        OTEL_BSP_MAX_QUEUE_SIZE: "64",
        OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "16",
        OTEL_NODE_EXPERIMENTAL_SDK_METRICS: "true",
      },
      version: "1.2.3",
      log,
    });
    for (let call = 0; call < 500; call += 1) tracedCall(telemetry.source);
    const text = await scrape(telemetry);
    expect(text).toMatch(
      /otel_sdk_processor_span_processed_total\{[^}]*error_type="queue_full"[^}]*\} [1-9]/,
    );
    expect(text).toContain("rpc_server_call_duration_seconds_bucket");
    await telemetry.shutdown();
    await collector.close();
  });

  it("costs a call next to nothing: ten thousand spans do not wait for it", async () => {
    const collector = await hangingCollector();
    const telemetry = await startTelemetry({
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint },
      version: "1.2.3",
      log: createLog("silent"),
    });
    const before = performance.now();
    for (let call = 0; call < 2_500; call += 1) tracedCall(telemetry.source);
    // Measured: 25 µs a span. The limit is 40 times that.
    expect(performance.now() - before).toBeLessThan(10_000);
    await telemetry.shutdown();
    await collector.close();
  });
});
