import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";

/** A duration of the contract, in whole microseconds: the runtime's own cannot encode a fraction of a nanosecond. */
export function toDuration(ms: number): Duration {
  const micros = Math.round(Math.max(0, ms) * 1000);
  const seconds = Math.floor(micros / 1e6);
  return {
    $typeName: "google.protobuf.Duration",
    seconds: BigInt(seconds),
    nanos: (micros - seconds * 1e6) * 1000,
  };
}

/** An instant of the contract, in whole milliseconds. @param epochMs milliseconds since the epoch */
export function toTimestamp(epochMs: number): Timestamp {
  const millis = Math.round(epochMs);
  const seconds = Math.floor(millis / 1000);
  return {
    $typeName: "google.protobuf.Timestamp",
    seconds: BigInt(seconds),
    nanos: (millis - seconds * 1000) * 1e6,
  };
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
