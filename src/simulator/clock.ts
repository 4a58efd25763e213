/** Time as the pace of answers needs it. */
export interface Clock {
  /** Milliseconds since any instant, that never jump. */
  readonly now: () => number;
  /** Runs `run` once after `ms` milliseconds, unless it is cancelled before. */
  readonly setTimer: (run: () => void, ms: number) => { readonly cancel: () => void };
}

/** Longer than this a timer of Node fires at once. */
const longestTimerMs = 2 ** 31 - 1;

/** The process's own time. */
export const processClock: Clock = {
  now: () => performance.now(),
  setTimer: (run, ms) => {
    const timer = setTimeout(run, Math.min(ms, longestTimerMs));
    return {
      cancel: () => {
        clearTimeout(timer);
      },
    };
  },
};
