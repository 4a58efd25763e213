import { monitorEventLoopDelay } from "node:perf_hooks";

/** How late the event loop runs. */
export interface EventLoopDelay {
  /** 99th percentile of the last whole window, in milliseconds; 0 during the first. */
  readonly p99Ms: () => number;
  /** Stops measuring. */
  readonly close: () => void;
}

const resolutionMs = 10;
// 200 samples: two late ones are an answer, a single pause of the collector is not.
const windowMs = 2_000;
const nanosPerMs = 1e6;

/**
 * Measures the delay of this thread's event loop.
 * @param now monotonic, in milliseconds
 */
export function createEventLoopDelay(now: () => number): EventLoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  let windowStart = now();
  let last = 0;
  return {
    // Turned over by whoever asks: no timer of our own.
    p99Ms: () => {
      const elapsed = now() - windowStart;
      if (elapsed < windowMs) return last;
      // A sample is the time between two ticks of its timer, so it holds the resolution itself.
      last = histogram.count === 0 ? 0 : Math.max(0, histogram.percentile(99) / nanosPerMs - resolutionMs);
      histogram.reset();
      windowStart = now();
      return last;
    },
    close: () => {
      histogram.disable();
    },
  };
}
