/** Keeps the tokens that hedges may waste a small share of all tokens. */
export interface HedgeBudget {
  /** Tokens of an attempt that ended. */
  readonly used: (tokens: number) => void;
  /**
   * Takes what a hedge may waste; false: it would be too much, and nothing is taken.
   * @param tokens what the hedge, and the call that it hedges, can each use: the call counts though it has not ended
   */
  readonly take: (tokens: number) => boolean;
  /** Gives back what a hedge had taken and did not waste. */
  readonly giveBack: (tokens: number) => void;
}

const windowMs = 60_000;

/**
 * Counts in windows of a minute: of the current and the last one, so that the share never depends on the second
 * at which somebody looks.
 * @param now the monotonic clock, in milliseconds
 */
export function createHedgeBudget(maxExtraPercent: number, now: () => number): HedgeBudget {
  let startedAt = now();
  let current = { used: 0, hedged: 0 };
  let last = { used: 0, hedged: 0 };

  const turn = (): void => {
    const passed = now() - startedAt;
    if (passed < windowMs) return;
    last = passed < 2 * windowMs ? current : { used: 0, hedged: 0 };
    current = { used: 0, hedged: 0 };
    startedAt = now() - (passed % windowMs);
  };

  return {
    used: (tokens) => {
      turn();
      current.used += tokens;
    },
    take: (tokens) => {
      turn();
      const all = current.used + last.used + tokens;
      if (current.hedged + last.hedged + tokens > (all * maxExtraPercent) / 100) return false;
      current.hedged += tokens;
      return true;
    },
    giveBack: (tokens) => {
      turn();
      current.hedged -= tokens;
    },
  };
}
