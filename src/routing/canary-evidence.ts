/**
 * The evidence that the canary fails more often than it may, as the winnings of a gambler who stakes on its failures
 * at odds that are fair as long as it does not. Nobody gets rich at fair odds: the chance that the winnings ever reach
 * 200 times the stake is at most one in 200, however often somebody looks. That is an e-process.
 * @see https://arxiv.org/abs/2210.01948
 */
export interface CanaryEvidence {
  /** Of the canary arm. */
  readonly calls: number;
  /** What is in play on each of {@link fractions}. What is not yet in play is `1 / (calls + 1)`. */
  readonly inPlay: readonly number[];
}

/** From here on the canary is taken to be worse: a false alarm in at most one of 200 comparisons. */
export const enoughEvidence = 200;

/** Nobody is judged by fewer calls. */
export const fewestCalls = 10;

/**
 * The share of its money that each player puts on the next call's failure. Small ones find small differences, but
 * slowly; the large ones find a dead canary at once.
 */
const fractions: readonly number[] = [0.9, 0.5, 0.25, 0.12, 0.06, 0.03, 0.015];

/** Before the first call. */
export const noEvidence: CanaryEvidence = { calls: 0, inPlay: fractions.map(() => 0) };

/**
 * The evidence after another call of the canary arm. Before each call a part of the initial stake joins the game,
 * 1/(n·(n+1)) before the n-th: so a canary that was well for days and then dies is found as soon as a new one, though
 * whoever staked from the start has long lost everything.
 * @param tolerated failure rate up to which nothing is won on average; from what was known before this call
 */
export function withCanaryCall(
  { calls, inPlay }: CanaryEvidence,
  failed: boolean,
  tolerated: number,
): CanaryEvidence {
  const number = calls + 1;
  const joining = 1 / (number * (number + 1)) / fractions.length;
  const won = wonByCall(failed, tolerated);
  return {
    calls: number,
    inPlay: fractions.map((fraction, index) => ((inPlay[index] ?? 0) + joining) * (1 + fraction * won)),
  };
}

/** What each unit of money on the call's failure wins, or loses. */
function wonByCall(failed: boolean, tolerated: number): number {
  // While nothing is known of stable, every failure is tolerated: there is nothing to win, and nothing is put on it.
  if (tolerated >= 1) return 0;
  return failed ? (1 - tolerated) / tolerated : -1;
}

/** How many times the initial stake there is by now. */
export function evidenceValue({ calls, inPlay }: CanaryEvidence): number {
  return inPlay.reduce((sum, part) => sum + part, 1 / (calls + 1));
}
