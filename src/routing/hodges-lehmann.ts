import type { ArmSamples } from "./arm-samples.ts";

/** Halvings of the interval: beyond the precision of a double. */
const halvings = 60;

/**
 * By how much the canary's measurements exceed stable's: the median of all differences between one of the canary and
 * one of stable of the same kind (Hodges and Lehmann). 0 without any. Found by halving, since the differences
 * themselves may be millions.
 * @see https://en.wikipedia.org/wiki/Hodges%E2%80%93Lehmann_estimator
 */
export function hodgesLehmann(kinds: readonly ArmSamples[]): number {
  const sorted = kinds
    .filter(({ stable, canary }) => stable.length > 0 && canary.length > 0)
    .map(({ stable, canary }) => ({ stable: ascending(stable), canary: ascending(canary) }));
  if (sorted.length === 0) return 0;
  const half = sorted.reduce((sum, { stable, canary }) => sum + stable.length * canary.length, 0) / 2;
  const reach = sorted.map(({ stable, canary }) => [
    (canary[0] ?? 0) - (stable.at(-1) ?? 0),
    (canary.at(-1) ?? 0) - (stable[0] ?? 0),
  ]);
  let low = Math.min(...reach.flat());
  let high = Math.max(...reach.flat());
  for (let halving = 0; halving < halvings && low < high; halving++) {
    const middle = low + (high - low) / 2;
    const below = sorted.reduce((sum, kind) => sum + differencesUpTo(kind, middle), 0);
    if (below < half) low = middle;
    else high = middle;
  }
  return high;
}

/** How many differences are at most `limit`; both arms ascending. */
function differencesUpTo({ stable, canary }: ArmSamples, limit: number): number {
  let count = 0;
  let used = 0;
  for (const value of stable) {
    while (used < canary.length && (canary[used] ?? 0) - value <= limit) used++;
    count += used;
  }
  return count;
}

function ascending(values: readonly number[]): readonly number[] {
  return values.toSorted((a, b) => a - b);
}
