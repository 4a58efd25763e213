import type { Tracer } from "@opentelemetry/api";
import type { Log } from "./log.ts";
import type { Instruments } from "./metrics.ts";

/** As much of a tracer as is used. */
export type SpanStarter = Pick<Tracer, "startSpan">;

/** What spans are made of; `startTelemetry` hands it out and `gateway.ts` passes it on. */
export interface SpanSource {
  readonly tracer: SpanStarter;
  readonly instruments: Instruments;
  readonly log: Log;
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
}
