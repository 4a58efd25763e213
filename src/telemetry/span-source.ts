import type { Tracer } from "@opentelemetry/api";
import type { Log } from "./log.ts";
import type { Instruments } from "./metrics.ts";

/** What spans are made of; `startTelemetry` hands it out and `gateway.ts` passes it on. */
export interface SpanSource {
  readonly tracer: Tracer;
  readonly instruments: Instruments;
  readonly log: Log;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
}
