import { type FailureCount, lowerRate, ninetyFive, ninetyNine, upperRate } from "./score-bound.ts";

/** What the stable arm's calls of one kind say about how often such calls fail, whoever serves them. */
export interface CanaryBaseline {
  /** Since the comparison began. */
  readonly all: FailureCount;
  /** The same, but each further call makes what was before it count for a hundredth less. */
  readonly recent: FailureCount;
}

/** Before the first call. */
export const emptyBaseline: CanaryBaseline = {
  all: { calls: 0, failures: 0 },
  recent: { calls: 0, failures: 0 },
};

/** A canary may fail so much more often than the baseline's bound: one percentage point. */
const allowance = 0.01;

const forgetting = 1 - 1 / 100;

/** The baseline after another call of the stable arm. */
export function withStableCall({ all, recent }: CanaryBaseline, failed: boolean): CanaryBaseline {
  const failure = failed ? 1 : 0;
  return {
    all: { calls: all.calls + 1, failures: all.failures + failure },
    recent: {
      calls: recent.calls * forgetting + 1,
      failures: recent.failures * forgetting + failure,
    },
  };
}

/**
 * The failure rate up to which a canary counts as no worse than stable: stable's upper 95 % bound and one percentage
 * point. While stable itself fails far more than it used to, its recent calls set the bound: what breaks both sides is
 * no reason to go back to one of them.
 */
export function toleratedRate({ all, recent }: CanaryBaseline): number {
  const usual = upperRate(all, ninetyFive);
  const troubled = lowerRate(recent, ninetyNine) > usual;
  return Math.min(1, (troubled ? upperRate(recent, ninetyFive) : usual) + allowance);
}
