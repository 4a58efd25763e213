import type { ArmCall } from "./arm-call.ts";
import { createThinnedSample } from "./thinned-sample.ts";

/** Sums over the calls of one arm. */
export interface ArmTotals {
  readonly calls: number;
  /** Answered by another deployment than the arm's own. */
  readonly rescued: number;
  /** Got no answer. */
  readonly lost: number;
  /** Of answered calls; undefined where none was. */
  readonly latency: { readonly meanMs: number; readonly p95Ms: number } | undefined;
  readonly attempts: number;
  /** Attempts that used tokens of a model without a price: `costNanos` does not hold them. */
  readonly unpricedAttempts: number;
  readonly costNanos: bigint;
  readonly costEstimated: boolean;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** Adds up the calls of one arm. */
export interface ArmTally {
  readonly add: (call: ArmCall) => void;
  readonly totals: () => ArmTotals;
}

/** Enough for a 95th percentile that means something, whatever the traffic. */
const mostLatencies = 2000;

export function createArmTally(): ArmTally {
  const latencies = createThinnedSample(mostLatencies);
  let latencySumMs = 0;
  let sums: Omit<ArmTotals, "latency"> = {
    calls: 0,
    rescued: 0,
    lost: 0,
    attempts: 0,
    unpricedAttempts: 0,
    costNanos: 0n,
    costEstimated: false,
    inputTokens: 0,
    outputTokens: 0,
  };

  const latency = (): ArmTotals["latency"] => {
    const answered = sums.calls - sums.lost;
    if (answered === 0) return undefined;
    return { meanMs: latencySumMs / answered, p95Ms: percentile95(latencies.values()) };
  };

  return {
    add: (call) => {
      sums = plus(sums, call);
      if (call.outcome === "lost") return;
      latencies.add(call.latencyMs);
      latencySumMs += call.latencyMs;
    },
    totals: () => ({ ...sums, latency: latency() }),
  };
}

function plus(sums: Omit<ArmTotals, "latency">, { outcome, attempts }: ArmCall): Omit<ArmTotals, "latency"> {
  const costs = attempts.flatMap(({ cost }) => cost ?? []);
  return {
    calls: sums.calls + 1,
    rescued: sums.rescued + (outcome === "rescued" ? 1 : 0),
    lost: sums.lost + (outcome === "lost" ? 1 : 0),
    attempts: sums.attempts + attempts.length,
    unpricedAttempts: sums.unpricedAttempts + costs.filter(({ unpriced }) => unpriced).length,
    costNanos: costs.reduce((sum, { nanos }) => sum + nanos, sums.costNanos),
    costEstimated: sums.costEstimated || costs.some(({ estimated }) => estimated),
    inputTokens: attempts.reduce((sum, { usage }) => sum + (usage?.inputTokens ?? 0), sums.inputTokens),
    outputTokens: attempts.reduce((sum, { usage }) => sum + (usage?.outputTokens ?? 0), sums.outputTokens),
  };
}

function percentile95(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.95) - 1] ?? 0;
}
