import type { ArmSamples } from "./arm-samples.ts";

/**
 * How surely the canary's measurements tend to be the larger ones, in standard deviations; 0 where nothing differs.
 * Mann and Whitney's test by ranks, so that a few huge values decide nothing, summed over the kinds as van Elteren
 * weights them: each kind is compared with itself alone.
 * @see https://en.wikipedia.org/wiki/Mann%E2%80%93Whitney_U_test#Normal_approximation_and_tie_correction
 */
export function mannWhitney(kinds: readonly ArmSamples[]): number {
  let surplus = 0;
  let variance = 0;
  for (const kind of kinds) {
    const size = kind.stable.length + kind.canary.length;
    const { wins, ties } = countWins(kind);
    const pairs = kind.stable.length * kind.canary.length;
    const weight = 1 / (size + 1);
    surplus += weight * (wins - pairs / 2);
    variance += weight * weight * (pairs / 12) * (size + 1 - ties / (size * (size - 1)));
  }
  return variance > 0 ? surplus / Math.sqrt(variance) : 0;
}

interface Wins {
  /** Pairs in which the canary's is larger; a tie is half of one. */
  readonly wins: number;
  /** Sum of t³ − t over the groups of t equal values. */
  readonly ties: number;
}

function countWins({ stable, canary }: ArmSamples): Wins {
  const all = [
    ...stable.map((value) => ({ value, ofCanary: 0 })),
    ...canary.map((value) => ({ value, ofCanary: 1 })),
  ].toSorted((a, b) => a.value - b.value);
  let wins = 0;
  let ties = 0;
  let smallerStable = 0;
  for (let start = 0; start < all.length;) {
    let end = start;
    let ofCanary = 0;
    while (end < all.length && all[end]?.value === all[start]?.value) ofCanary += all[end++]?.ofCanary ?? 0;
    const group = end - start;
    const ofStable = group - ofCanary;
    wins += ofCanary * (smallerStable + ofStable / 2);
    ties += group ** 3 - group;
    smallerStable += ofStable;
    start = end;
  }
  return { wins, ties };
}
