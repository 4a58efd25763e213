import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";

/** A duration of the contract, in whole microseconds: the runtime's own cannot encode a fraction of a nanosecond. */
export function toDuration(ms: number): Duration {
  const micros = Math.round(Math.max(0, ms) * 1000);
  const seconds = Math.floor(micros / 1e6);
  const duration = durationFromMs(0);
  duration.seconds = BigInt(seconds);
  duration.nanos = (micros - seconds * 1e6) * 1000;
  return duration;
}

/** An instant of the contract, in whole milliseconds. @param epochMs milliseconds since the epoch */
export function toTimestamp(epochMs: number): Timestamp {
  return timestampFromMs(Math.round(epochMs));
}

/** Milliseconds of a duration of the contract; undefined where it is not set. */
export function toMs(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : Number(duration.seconds) * 1000 + duration.nanos / 1e6;
}

/** The two clocks of the process; tests bring their own. */
export interface Clock {
  /** Monotonic, in milliseconds. */
  readonly now: () => number;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
}

/** An instant of the monotonic clock as the contract tells it; undefined for one that never comes. */
export function instantToTimestamp(instant: number, clock: Clock): Timestamp | undefined {
  return Number.isFinite(instant) ? toTimestamp(clock.wallClock() + instant - clock.now()) : undefined;
}
