/** A timer that has not run yet. Cancelling it twice, or after it ran, does nothing. */
export interface Timer {
  readonly cancel: () => void;
}

/** Runs `run` once after `ms` milliseconds of the monotonic clock, never within the call itself. */
export type SetTimer = (run: () => void, ms: number) => Timer;

/** The process's own timers; they do not keep it alive. */
export const setProcessTimer: SetTimer = (run, ms) => {
  const timer = setTimeout(run, ms).unref();
  return {
    cancel: () => {
      clearTimeout(timer);
    },
  };
};
