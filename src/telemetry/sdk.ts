import type { Meter } from "@opentelemetry/api";
import type { CreateHistogram } from "./histogram-producer.ts";
import type { SpanStarter } from "./span-source.ts";

/** A started SDK, whichever way it was started. */
export interface Sdk {
  readonly tracer: SpanStarter;
  readonly meter: Meter;
  /** Read by the same reader as the meter. */
  readonly createHistogram: CreateHistogram;
  /** May take long and may reject: bound and catch it. */
  readonly flush: () => Promise<void>;
  /** May take long and may reject: bound and catch it. */
  readonly shutdown: () => Promise<void>;
}
