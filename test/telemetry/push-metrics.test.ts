import { createServer as createHttpServer } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Server } from "node:net";
import { METRIC_RPC_SERVER_CALL_DURATION } from "@opentelemetry/semantic-conventions";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createLog } from "../../src/telemetry/log.ts";
import { genAiMetric, metricName } from "../../src/telemetry/names.ts";
import { startTelemetry } from "../../src/telemetry/start-telemetry.ts";
import { tracedCall } from "../support/traced-call.ts";

/** A collector over either protocol: what came in, as one string of bytes for each push. */
async function listeningCollector(protocol: "http/protobuf" | "grpc") {
  const pushes: string[] = [];
  const server: Server =
    protocol === "grpc"
      ? createHttp2Server().on("stream", (stream: ServerHttp2Stream) => {
          const chunks: Buffer[] = [];
          stream.on("data", (chunk: Buffer) => chunks.push(chunk));
          stream.on("end", () => {
            pushes.push(Buffer.concat(chunks).toString("latin1"));
            stream.respond({ "content-type": "application/grpc" }, { waitForTrailers: true });
            stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
            stream.end(Buffer.alloc(5));
          });
        })
      : createHttpServer((request, response) => {
          const chunks: Buffer[] = [];
          request.on("data", (chunk: Buffer) => chunks.push(chunk));
          request.on("end", () => {
            pushes.push(Buffer.concat(chunks).toString("latin1"));
            response.end();
          });
        });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    // A TCP server's address is never a pipe's path.
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    pushes,
    close: () => server.close(),
  };
}

async function pushedTwice(protocol: "http/protobuf" | "grpc") {
  const collector = await listeningCollector(protocol);
  const telemetry = await startTelemetry({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_TRACES_EXPORTER: "none",
    },
    version: "1.2.3",
    log: createLog("silent"),
  });
  tracedCall(telemetry.source);
  await telemetry.flush();
  await telemetry.shutdown();
  collector.close();
  return collector.pushes;
}

describe("metrics that are pushed", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  for (const protocol of ["http/protobuf", "grpc"] as const) {
    it(`hold the histograms beside the counters, again and again, under the names of the conventions (${protocol})`, async () => {
      const pushes = await pushedTwice(protocol);
      expect(pushes).toHaveLength(2);
      for (const push of pushes) {
        for (const name of [
          METRIC_RPC_SERVER_CALL_DURATION,
          genAiMetric.operationDuration,
          genAiMetric.tokenUsage,
          metricName.routeRequests,
        ]) {
          expect(push).toContain(name);
        }
        expect(push).not.toContain(`${METRIC_RPC_SERVER_CALL_DURATION}.seconds`);
      }
    });
  }

  for (const preference of ["delta", "lowmemory"]) {
    it(`hold a histogram only where something came since, where ${preference} is preferred`, async () => {
      vi.stubEnv("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", preference);
      const [first, second] = await pushedTwice("http/protobuf");
      expect(first).toContain(METRIC_RPC_SERVER_CALL_DURATION);
      expect(second ?? "").not.toContain(METRIC_RPC_SERVER_CALL_DURATION);
    });
  }
});
