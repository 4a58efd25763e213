import type { Meter, Tracer } from "@opentelemetry/api";

/** A started SDK, whichever way it was started. */
export interface Sdk {
  readonly tracer: Tracer;
  readonly meter: Meter;
  /** May take long and may reject: bound and catch it. */
  readonly flush: () => Promise<void>;
  /** May take long and may reject: bound and catch it. */
  readonly shutdown: () => Promise<void>;
}
