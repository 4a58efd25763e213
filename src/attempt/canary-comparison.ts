import {
  type CanaryBaseline,
  emptyBaseline,
  toleratedRate,
  withStableCall,
} from "../routing/canary-baseline.ts";
import {
  enoughEvidence,
  evidenceValue,
  fewestCalls,
  noEvidence,
  withCanaryCall,
} from "../routing/canary-evidence.ts";
import { lookAtCosts, lookAtFirstTokens } from "../routing/canary-look.ts";
import type { RollbackReason } from "../routing/canary-verdict.ts";
import type { ArmCall } from "./arm-call.ts";
import { createArmMeasure } from "./arm-measure.ts";
import { type ArmTotals, createArmTally } from "./arm-tally.ts";

/** The comparison of two arms from one arming to the next: what the calls have shown so far. */
export interface CanaryComparison {
  /** Another call has ended. Returns why the canary should be given up, if it should. */
  readonly add: (call: ArmCall) => RollbackReason | undefined;
  /** A minute has passed. */
  readonly look: () => RollbackReason | undefined;
  /** No rule fires, or has begun to. */
  readonly quiet: () => boolean;
  readonly totals: () => { readonly stable: ArmTotals; readonly canary: ArmTotals };
}

export function createCanaryComparison(): CanaryComparison {
  const tallies = { stable: createArmTally(), canary: createArmTally() };
  const firstTokens = createArmMeasure(lookAtFirstTokens);
  const costs = createArmMeasure(lookAtCosts);
  const baselines = new Map<string, CanaryBaseline>();
  let evidence = noEvidence;
  let tolerated = 1;
  let failures = 0;

  const convinced = (): boolean => evidence.calls >= fewestCalls && evidenceValue(evidence) >= enoughEvidence;

  const compare = ({ arm, kind, outcome }: ArmCall): void => {
    const failed = outcome !== "served";
    const baseline = baselines.get(kind) ?? emptyBaseline;
    if (arm === "stable") {
      baselines.set(kind, withStableCall(baseline, failed));
      return;
    }
    failures += failed ? 1 : 0;
    tolerated = toleratedRate(baseline);
    evidence = withCanaryCall(evidence, failed, tolerated);
  };

  return {
    add: (call) => {
      const { arm, kind } = call;
      tallies[arm].add(call);
      compare(call);
      if (call.firstTokenMs !== undefined) firstTokens.add(kind, arm, call.firstTokenMs);
      if (call.costNanos !== undefined) costs.add(kind, arm, call.costNanos);
      if (!convinced()) return undefined;
      return { kind: "errors", calls: evidence.calls, failures, tolerated };
    },
    look: () => {
      const slow = firstTokens.look();
      const dear = costs.look();
      if (slow !== undefined) return { kind: "slow", ratio: slow };
      return dear === undefined ? undefined : { kind: "dear", ratio: dear };
    },
    quiet: () => !convinced() && firstTokens.quiet() && costs.quiet(),
    totals: () => ({ stable: tallies.stable.totals(), canary: tallies.canary.totals() }),
  };
}
