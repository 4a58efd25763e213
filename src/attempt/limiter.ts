import type { Config } from "../config/config.ts";

/** What a call says about the room that its deployment has. */
export type LimiterOutcome = "ok" | "overloaded" | "other";

/** Room for one call. Release it exactly once; later releases do nothing. */
export interface Slot {
  release(outcome: LimiterOutcome): void;
}

/** Bounds the calls in flight to one deployment by what it has been able to take. */
export interface Limiter {
  readonly tryAcquire: () => Slot | undefined;
  readonly hasRoom: () => boolean;
  readonly inFlight: () => number;
  /** Within [min, max] of the config; calls in flight may exceed it for a while after it fell. */
  readonly limit: () => number;
}

/** What remains of the limit after an overload. */
const decrease = 0.9;

/** One overload makes many calls fail at once: they are one reason to shrink, not many. */
const decreaseEveryMs = 1000;

/**
 * Additive increase, multiplicative decrease: each success adds 1/limit, so a whole limit's worth of them adds one.
 * @param now the monotonic clock, in milliseconds
 */
export function createLimiter({ start, min, max }: Config["limiter"], now: () => number): Limiter {
  let limit = Math.min(max, Math.max(min, start));
  let inFlight = 0;
  let decreasedAt = -Infinity;

  const learn = (outcome: LimiterOutcome): void => {
    if (outcome === "ok") {
      limit = Math.min(max, limit + 1 / limit);
    } else if (outcome === "overloaded" && now() - decreasedAt >= decreaseEveryMs) {
      decreasedAt = now();
      limit = Math.max(min, limit * decrease);
    }
  };

  const giveBack = (outcome: LimiterOutcome): void => {
    inFlight -= 1;
    learn(outcome);
  };

  // A limit below one would let nothing through that could ever raise it again.
  const hasRoom = (): boolean => inFlight < Math.max(1, Math.floor(limit));

  return {
    hasRoom,
    tryAcquire: () => {
      if (!hasRoom()) return undefined;
      inFlight += 1;
      return new HeldSlot(giveBack);
    },
    inFlight: () => inFlight,
    limit: () => limit,
  };
}

class HeldSlot implements Slot {
  #giveBack: ((outcome: LimiterOutcome) => void) | undefined;

  constructor(giveBack: (outcome: LimiterOutcome) => void) {
    this.#giveBack = giveBack;
  }

  release(outcome: LimiterOutcome): void {
    const giveBack = this.#giveBack;
    this.#giveBack = undefined;
    giveBack?.(outcome);
  }
}
