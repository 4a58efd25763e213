import type { HrTime } from "@opentelemetry/api";

/** Milliseconds as seconds, and the nanoseconds beyond them. */
export function toHrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  const nanos = Math.round((ms - seconds * 1000) * 1e6);
  return nanos === 1e9 ? [seconds + 1, 0] : [seconds, nanos];
}
