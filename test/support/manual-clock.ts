import { AsyncLocalStorage } from "node:async_hooks";

import type { SetTimer } from "../../src/attempt/timer.ts";
import type { GatewayTime } from "../../src/gateway.ts";

/** A monotonic clock that only a test moves, with the timers that hang on it. */
export interface ManualClock {
  readonly now: () => number;
  readonly setTimer: SetTimer;
  /** Resolves after `ms` of this clock, or rejects with the signal's reason. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /**
   * Moves time on, running every timer that falls due in order and at its own instant; promises settle
   * before and after each. Timers set meanwhile run too if they fall due.
   */
  readonly advance: (ms: number) => Promise<void>;
  /** The same without letting promises settle: for code that is synchronous throughout. */
  readonly advanceSync: (ms: number) => void;
  readonly pendingTimers: () => number;
}

interface ManualTimer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** @param start first instant, in milliseconds; not 0, so that "never" and "at the start" differ */
export function createManualClock(start = 1_000): ManualClock {
  let instant = start;
  let order = 0;
  const timers = new Set<ManualTimer>();

  // Bound, as Node's timers are, to the async context that set them.
  const setTimer: SetTimer = (run, ms) => {
    const timer: ManualTimer = {
      at: instant + Math.max(0, ms),
      order: order++,
      run: AsyncLocalStorage.bind(run),
    };
    timers.add(timer);
    return {
      cancel: () => {
        timers.delete(timer);
      },
    };
  };

  const takeDue = (until: number): ManualTimer | undefined => {
    let next: ManualTimer | undefined;
    for (const timer of timers) {
      if (timer.at > until) continue;
      if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) {
        next = timer;
      }
    }
    if (next !== undefined) timers.delete(next);
    return next;
  };

  const runDue = (until: number): boolean => {
    const due = takeDue(until);
    if (due === undefined) return false;
    instant = Math.max(instant, due.at);
    due.run();
    return true;
  };

  return {
    now: () => instant,
    setTimer,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted === true) {
          reject(signal.reason);
          return;
        }
        const leave = (): void => {
          timer.cancel();
          reject(signal?.reason);
        };
        const timer = setTimer(() => {
          signal?.removeEventListener("abort", leave);
          resolve();
        }, ms);
        signal?.addEventListener("abort", leave, { once: true });
      }),
    advance: async (ms) => {
      const until = instant + ms;
      await settlePromises();
      while (runDue(until)) await settlePromises();
      instant = until;
      await settlePromises();
    },
    advanceSync: (ms) => {
      const until = instant + ms;
      while (runDue(until));
      instant = until;
    },
    pendingTimers: () => timers.size,
  };
}

/**
 * The time of a gateway that lives by this clock.
 * @param epochMs what the wall clock shows at its zero, in milliseconds since the epoch; asked at each look
 */
export function gatewayTimeOf(
  { now, setTimer }: ManualClock,
  epochMs: () => number = () => 1_700_000_000_000,
): GatewayTime {
  return { now, setTimer, wallClock: () => epochMs() + now() };
}

/** A turn of the event loop: every promise that can settle without time passing has settled. */
async function settlePromises(): Promise<void> {
  await new Promise<void>((resolve) => {
    setImmediate(resolve);
  });
}
