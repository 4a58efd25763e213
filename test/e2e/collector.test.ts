import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GatewayService } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { chatInput } from "../support/call-samples.ts";
import {
  type DeadCollector,
  failingCollector,
  hangingCollector,
  refusingCollector,
} from "../support/dead-collector.ts";
import { type GatewayProcess, startGatewayProcess } from "../support/gateway-process.ts";
import { tracedAttempts } from "../support/scenario-world.ts";
import { startTraceBackend, type TraceBackend } from "../support/trace-backend.ts";

const protocols = ["http/protobuf", "grpc"] as const;

/** One call and one stream, each under a caller of its own. Rejects where one of them fails. */
async function callBoth({ addresses }: GatewayProcess, caller: string): Promise<void> {
  const client = createClient(GatewayService, createGrpcTransport({ baseUrl: `http://${addresses.grpc}` }));
  const as = (who: string) => ({ headers: { "x-switchyard-caller": who } });
  const { choices } = await client.chat({ input: chatInput }, as(`${caller}-chat`));
  expect(choices).toHaveLength(1);
  const events: (string | undefined)[] = [];
  for await (const { event } of client.chatStream({ input: chatInput }, as(`${caller}-stream`))) {
    events.push(event.case);
  }
  expect([events[0], events.at(-1)]).toEqual(["started", "finished"]);
}

describe("SIGTERM to a gateway that exports its traces", () => {
  let backend: TraceBackend;
  beforeAll(async () => {
    backend = await startTraceBackend();
  });
  afterAll(() => backend.close());

  for (const protocol of protocols) {
    it(`sends what was not sent yet (${protocol})`, async () => {
      await using gateway = await startGatewayProcess({
        env: {
          OTEL_EXPORTER_OTLP_ENDPOINT: protocol === "grpc" ? backend.grpcEndpoint : backend.httpEndpoint,
          OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
          // Longer than any test: only the end of the process sends.
          OTEL_BSP_SCHEDULE_DELAY: "600000",
        },
      });
      const caller = `last-${protocol.slice(0, 4)}`;
      await callBoth(gateway, caller);
      expect(await backend.query(`switchyard.caller.id = ${caller}-chat`)).toEqual([]);
      gateway.signal("SIGTERM");
      expect(await gateway.ended).toBe(0);
      for (const kind of ["chat", "stream"]) {
        const { server, route, attempts } = await tracedAttempts(backend, `${caller}-${kind}`);
        expect(route.parentSpanId).toBe(server.spanId);
        expect(attempts).toMatchObject([
          { parentSpanId: route.spanId, attributes: { "switchyard.attempt.outcome": "success" } },
        ]);
      }
      expect(gateway.log.filter(({ event }) => event === "telemetry_problem")).toEqual([]);
    }, 60_000);
  }
});

describe("a gateway whose collector is dead", () => {
  const kinds: readonly { readonly name: string; readonly start: () => Promise<DeadCollector> }[] = [
    { name: "refuses connections", start: refusingCollector },
    { name: "never answers", start: hangingCollector },
    { name: "answers 500", start: () => failingCollector(500) },
  ];
  for (const { name, start } of kinds) {
    for (const protocol of protocols) {
      it(`answers every call and stream, and ends in time, where it ${name} (${protocol})`, async () => {
        await using collector = disposable(await start());
        await using gateway = await startGatewayProcess({
          env: {
            OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
            OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
            OTEL_BSP_SCHEDULE_DELAY: "10",
            OTEL_METRIC_EXPORT_INTERVAL: "20",
            // However patient an export is told to be, the end of the process is not.
            OTEL_EXPORTER_OTLP_TIMEOUT: "60000",
            OTEL_BSP_EXPORT_TIMEOUT: "60000",
          },
        });
        for (let round = 0; round < 5; round++) await callBoth(gateway, "team-a");
        const asked = performance.now();
        gateway.signal("SIGTERM");
        expect(await gateway.ended).toBe(0);
        // 3 s for the collector, and what a loaded machine adds; less than what a platform waits.
        expect(performance.now() - asked).toBeLessThan(15_000);
        expect(gateway.stderr()).toBe("");
        expect(gateway.log.filter(({ event }) => event === "uncaught")).toEqual([]);
        expect(gateway.log.some(({ event }) => event === "telemetry_problem")).toBe(true);
        if (name !== "refuses connections") expect(collector.connections()).toBeGreaterThan(0);
      }, 60_000);
    }
  }
});

function disposable(collector: DeadCollector): DeadCollector & AsyncDisposable {
  return { ...collector, [Symbol.asyncDispose]: collector.close };
}
