import type { Meter } from "@opentelemetry/api";
import type { SpanStarter } from "./span-source.ts";

/** A started SDK, whichever way it was started. */
export interface Sdk {
  readonly tracer: SpanStarter;
  readonly meter: Meter;
  /** May take long and may reject: bound and catch it. */
  readonly flush: () => Promise<void>;
  /** May take long and may reject: bound and catch it. */
  readonly shutdown: () => Promise<void>;
}
