import type { SetTimer } from "./timer.ts";

/** Resolves after `ms`, or as soon as one of the signals aborts; look at them to tell which. Leaves nothing behind. */
export function wait(ms: number, setTimer: SetTimer, signals: readonly AbortSignal[]): Promise<void> {
  if (signals.some((signal) => signal.aborted)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      timer.cancel();
      for (const signal of signals) signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimer(done, ms);
    for (const signal of signals) signal.addEventListener("abort", done);
  });
}
