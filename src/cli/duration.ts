import type { Duration, Timestamp } from "@bufbuild/protobuf/wkt";
import { durationMs, timestampMs } from "@bufbuild/protobuf/wkt";

/** `320 ms`, `2.5 s`, `3 min`. */
export function formatMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1000).toFixed(1).replace(/\.0$/, "")} s`;
  return `${Math.round(ms / 60_000)} min`;
}

export function formatDuration(duration: Duration): string {
  return formatMs(durationMs(duration));
}

/** `in 8 s`, or `now` for an instant that has passed. */
export function formatUntil(instant: Timestamp, nowMs: number): string {
  const remaining = timestampMs(instant) - nowMs;
  return remaining <= 0 ? "now" : `in ${formatMs(remaining)}`;
}
