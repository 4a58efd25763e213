import type { Config } from "./config.ts";
import { defaultLimiter } from "./defaults.ts";

/** The limiter with what was left out: it starts at `max`, and a small `max` lowers `min` with it. */
export function limiterOf(written: {
  readonly start?: number | undefined;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}): Config["limiter"] {
  const max = written.max ?? Math.max(defaultLimiter.max, written.min ?? 0);
  const start = written.start ?? max;
  return { start, min: written.min ?? Math.min(defaultLimiter.min, start), max };
}
