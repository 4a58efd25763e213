export interface RetryBudgetOptions {
  /** Earned by each first attempt. */
  readonly ratio: number;
  /** Earned by each second that passes: what a quiet upstream may spend. */
  readonly perSecond: number;
  /** The most that can be saved up. */
  readonly cap?: number;
  /** What there is at the start. */
  readonly start?: number;
}

/**
 * What repeated attempts and hedges at one upstream are paid from, so that they stay a small share of its load
 * however many calls fail. Over any time t at most cap + ratio · first attempts + perSecond · t are made.
 */
export interface RetryBudget {
  /** A call tries this upstream for the first time. */
  readonly firstAttempt: () => void;
  /** Pays for one repeated attempt; false: there is nothing to pay it with, and nothing is taken. */
  readonly take: () => boolean;
  /** What there is, within [0, cap]. */
  readonly level: () => number;
}

/** Ten tenths must make a whole. */
const rounding = 1e-9;

/** @param now the monotonic clock, in milliseconds */
export function createRetryBudget(
  { ratio, perSecond, cap = 100, start = 10 }: RetryBudgetOptions,
  now: () => number,
): RetryBudget {
  let saved = Math.min(cap, start);
  let countedAt = now();

  const earn = (amount: number): void => {
    saved = Math.min(cap, saved + amount);
  };

  const countTime = (): void => {
    const at = now();
    if (at <= countedAt) return;
    earn(((at - countedAt) / 1000) * perSecond);
    countedAt = at;
  };

  return {
    firstAttempt: () => {
      countTime();
      earn(ratio);
    },
    take: () => {
      countTime();
      if (saved + rounding < 1) return false;
      saved = Math.max(0, saved - 1);
      return true;
    },
    level: () => {
      countTime();
      return saved;
    },
  };
}
