/** How many of some calls failed. Either may be a fraction, where old calls count for less. */
export interface FailureCount {
  readonly calls: number;
  readonly failures: number;
}

/** Standard deviations of a one-sided bound that holds in 95 of 100 cases. */
export const ninetyFive = 1.645;

/** And in 99 of 100. */
export const ninetyNine = 2.326;

/**
 * The largest failure rate that these calls leave likely: the upper end of Wilson's score interval, one-sided. 1 while
 * there are no calls.
 * @param deviations how sure it is, such as {@link ninetyFive}
 * @see https://www.itl.nist.gov/div898/handbook/prc/section2/prc241.htm
 */
export function upperRate(count: FailureCount, deviations: number): number {
  return count.calls <= 0 ? 1 : Math.min(1, scoreBound(count, deviations));
}

/** The smallest one; 0 while there are no calls. */
export function lowerRate(count: FailureCount, deviations: number): number {
  return count.calls <= 0 ? 0 : Math.max(0, scoreBound(count, -deviations));
}

function scoreBound({ calls, failures }: FailureCount, deviations: number): number {
  const rate = failures / calls;
  const square = (deviations * deviations) / calls;
  const spread = deviations * Math.sqrt((rate * (1 - rate) + square / 4) / calls);
  return (rate + square / 2 + spread) / (1 + square);
}
