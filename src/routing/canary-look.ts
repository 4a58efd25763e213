import { type ArmSamples, comparable } from "./arm-samples.ts";
import { hodgesLehmann } from "./hodges-lehmann.ts";
import { mannWhitney } from "./mann-whitney.ts";

/** How often the arms' first-token times and costs are compared. */
export const lookEveryMs = 60_000;

/** One look may be chance; so many in a row, each at calls of its own, are not. */
export const looksToDecide = 3;

/**
 * What one look at the calls since the last one says. `too-few`: it is no look, the calls wait for the next. The ratio
 * is the canary's measure as a multiple of stable's.
 */
export type Look =
  | { readonly kind: "too-few" }
  | { readonly kind: "alike"; readonly ratio: number }
  | { readonly kind: "worse"; readonly ratio: number };

/** Standard deviations that 98 of 100 looks at equal arms stay below. */
const ninetyEight = 2.054;

/** A canary may be slower, or dearer, by a quarter. */
const toleratedRatio = 1.25;

/** Nobody notices less than a millisecond. */
const shortestMs = 1;

/** @param kinds times to the first token, in milliseconds */
export function lookAtFirstTokens(kinds: readonly ArmSamples[]): Look {
  const compared = comparable(kinds);
  if (compared.length === 0) return { kind: "too-few" };
  // Of logarithms: a shift is a factor then, the same for quick models and slow ones.
  const logarithms = compared.map(({ stable, canary }) => ({
    stable: stable.map(logarithm),
    canary: canary.map(logarithm),
  }));
  const ratio = Math.exp(hodgesLehmann(logarithms));
  const worse = ratio > toleratedRatio && mannWhitney(compared) > ninetyEight;
  return { kind: worse ? "worse" : "alike", ratio };
}

/**
 * What the canary's calls cost against what calls of the same kinds cost at stable. A few dear calls make the mean of
 * fifty jump by a quarter one time in ten, so the difference must also be more than chance.
 * @param kinds cost of whole calls, in any one unit
 */
export function lookAtCosts(kinds: readonly ArmSamples[]): Look {
  const compared = comparable(kinds);
  let spent = 0;
  let expected = 0;
  let variance = 0;
  for (const { stable, canary } of compared) {
    const usual = meanOf(stable);
    const seen = meanOf(canary);
    const share = canary.length;
    spent += share * seen;
    expected += share * usual;
    variance +=
      share * share * (varianceOf(canary, seen) / canary.length + varianceOf(stable, usual) / stable.length);
  }
  // Nothing costs anything: there is no ratio to speak of.
  if (expected <= 0) return { kind: "too-few" };
  const ratio = spent / expected;
  const worse = ratio > toleratedRatio && spent - expected > ninetyEight * Math.sqrt(variance);
  return { kind: worse ? "worse" : "alike", ratio };
}

function logarithm(ms: number): number {
  return Math.log(Math.max(shortestMs, ms));
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Of a sample of at least two. */
function varianceOf(values: readonly number[], mean: number): number {
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}
