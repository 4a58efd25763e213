import { canaryBuckets } from "./canary-arm.ts";

/** What a canary has shown at its present share. */
export interface CanaryTrial {
  /** 0 to 10000. */
  readonly weightBasisPoints: number;
  /** Calls of the canary arm that counted, at this share. */
  readonly calls: number;
  /** Calls of the stable arm that it could be compared with, at any share. */
  readonly stableCalls: number;
  /** Milliseconds at this share. */
  readonly heldMs: number;
  /** No rule fires, or has begun to. */
  readonly quiet: boolean;
}

const steps: readonly number[] = [500, 2500, 5000, canaryBuckets];

const fewestCallsAtStep = 1000;

const shortestStepMs = 30 * 60_000;

/**
 * The share that the canary has earned, in basis points; undefined where it stays. 0 stays: somebody turned it off. Time
 * alone promotes nobody, nor does a burst of calls, nor calls that had nothing to be compared with.
 */
export function promotedWeight({
  weightBasisPoints,
  calls,
  stableCalls,
  heldMs,
  quiet,
}: CanaryTrial): number | undefined {
  if (weightBasisPoints === 0 || !quiet) return undefined;
  if (calls < fewestCallsAtStep || stableCalls < fewestCallsAtStep || heldMs < shortestStepMs)
    return undefined;
  return steps.find((step) => step > weightBasisPoints);
}
