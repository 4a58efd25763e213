import type { Config } from "../config/config.ts";
import type { Catalog } from "../routing/catalog.ts";
import type { Fleet } from "./fleet.ts";
import type { PlannedCall } from "./planned-call.ts";
import type { RouteEnd } from "./route-summary.ts";
import type { SetTimer } from "./timer.ts";
import type { AttemptEntry } from "./trail.ts";

/** What runs of plans share. */
export interface RunnerOptions {
  readonly catalog: Catalog;
  /** Of the same catalog. */
  readonly fleet: Fleet;
  readonly config: Pick<Config, "retry" | "hedge">;
  /** The monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Milliseconds since the epoch, for what people read. */
  readonly wallClock: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly setTimer: SetTimer;
  /** Aborts when the gateway starts to refuse calls: no attempt and no wait begins any more. */
  readonly draining: AbortSignal;
  /** Told of each attempt at its end, once. Must not throw. */
  readonly onAttempt: (entry: AttemptEntry, call: PlannedCall) => void;
  /** Told of each call at its end, once, whatever its end. Must not throw. */
  readonly onCallEnd?: ((call: PlannedCall, end: RouteEnd) => void) | undefined;
}
