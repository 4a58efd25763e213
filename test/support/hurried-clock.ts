import type { Clock } from "../../src/simulator/clock.ts";

/** A clock on which every wait passes at once, and that writes down how long it was. */
export interface HurriedClock extends Clock {
  /** In milliseconds, in order. */
  readonly waits: readonly number[];
  /** How often it was looked at. */
  readonly looks: () => number;
}

/** @param lateMs by how much each timer runs late, as on a busy machine */
export function createHurriedClock(lateMs = 0): HurriedClock {
  const waits: number[] = [];
  let instant = 0;
  let looks = 0;
  return {
    waits,
    looks: () => looks,
    now: () => {
      looks += 1;
      return instant;
    },
    setTimer: (run, ms) => {
      waits.push(ms);
      const pending = setImmediate(() => {
        instant += ms + lateMs;
        run();
      });
      return {
        cancel: () => {
          clearImmediate(pending);
        },
      };
    },
  };
}
