// Canaries whose truth is known, and the rules that have to find it out: what `simulate-canary.ts` prints, and what
// test/routing/canary-false-alarm.test.ts holds.
import { createArmMeasure } from "../src/attempt/arm-measure.ts";
import { emptyBaseline, toleratedRate, withStableCall } from "../src/routing/canary-baseline.ts";
import {
  enoughEvidence,
  evidenceValue,
  fewestCalls,
  noEvidence,
  withCanaryCall,
} from "../src/routing/canary-evidence.ts";
import { lookAtCosts, lookAtFirstTokens } from "../src/routing/canary-look.ts";
import { type Random, randomFor, digestOf } from "../src/simulator/seeded-random.ts";

/** How often calls fail in truth, by the number of the call. */
export interface ErrorTruth {
  readonly name: string;
  readonly stable: (call: number) => number;
  readonly canary: (call: number) => number;
  /** The call from which the canary is worse; undefined where it never is. */
  readonly worseFrom: number | undefined;
}

/** A rule that is asked after every call of the canary. */
type ErrorRule = "e-process" | "naive" | "z-test";

export const errorRules: readonly ErrorRule[] = ["e-process", "naive", "z-test"];

/** What a rule came to. `found` counts the canary's calls since it is worse. */
export type Alarm =
  | { readonly kind: "none" }
  | { readonly kind: "false" }
  | { readonly kind: "found"; readonly calls: number };

/** One run of all rules over the same calls. */
export function simulateErrors(
  truth: ErrorTruth,
  seed: number,
  options: { readonly calls: number; readonly share: number },
): Readonly<Record<ErrorRule, Alarm>> {
  const random = randomFor(digestOf(seed, truth.name), "errors");
  const alarms: Record<ErrorRule, Alarm> = {
    "e-process": { kind: "none" },
    naive: { kind: "none" },
    "z-test": { kind: "none" },
  };
  const { worseFrom = Infinity } = truth;
  const stable = { calls: 0, failures: 0 };
  const canary = { calls: 0, failures: 0 };
  let callsSinceWorse = 0;
  let baseline = emptyBaseline;
  let evidence = noEvidence;
  const fires: Readonly<Record<ErrorRule, () => boolean>> = {
    "e-process": () => evidence.calls >= fewestCalls && evidenceValue(evidence) >= enoughEvidence,
    naive: () => canary.calls >= 50 && canary.failures / canary.calls > 2 * (stable.failures / stable.calls),
    "z-test": () => canary.calls >= 50 && scoreOf(stable, canary) > 2.326,
  };
  for (let call = 0; call < options.calls; call++) {
    const onCanary = random() < options.share;
    const failed = random() < (onCanary ? truth.canary(call) : truth.stable(call));
    const side = onCanary ? canary : stable;
    side.calls += 1;
    side.failures += failed ? 1 : 0;
    if (!onCanary) {
      baseline = withStableCall(baseline, failed);
      continue;
    }
    evidence = withCanaryCall(evidence, failed, toleratedRate(baseline));
    if (call >= worseFrom) callsSinceWorse += 1;
    for (const rule of errorRules) {
      if (alarms[rule].kind !== "none" || !fires[rule]()) continue;
      alarms[rule] = call >= worseFrom ? { kind: "found", calls: callsSinceWorse } : { kind: "false" };
    }
    if (errorRules.every((rule) => alarms[rule].kind !== "none")) break;
  }
  return alarms;
}

interface Count {
  readonly calls: number;
  readonly failures: number;
}

/** Of the test of two proportions, in standard deviations. */
function scoreOf(stable: Count, canary: Count): number {
  const pooled = (stable.failures + canary.failures) / (stable.calls + canary.calls);
  const variance = pooled * (1 - pooled) * (1 / stable.calls + 1 / canary.calls);
  return variance > 0
    ? (canary.failures / canary.calls - stable.failures / stable.calls) / Math.sqrt(variance)
    : 0;
}

/** What calls take or cost in truth: lognormal, the canary's a multiple of stable's. */
export interface MeasureTruth {
  readonly measure: "first tokens" | "cost";
  readonly ratio: number;
  /** Of the logarithms: 0.5 is even, 1 is wild. */
  readonly scatter: number;
  /** Of the canary in each minute; stable has nineteen times as many. */
  readonly callsPerLook: number;
}

/** Looks until the canary is given up; undefined where that does not come. */
export function simulateLooks(truth: MeasureTruth, seed: number, looks: number): number | undefined {
  const { measure, ratio, scatter, callsPerLook } = truth;
  const random = randomFor(digestOf(seed, `${measure} ${ratio} ${scatter} ${callsPerLook}`), "looks");
  const gathered = createArmMeasure(measure === "cost" ? lookAtCosts : lookAtFirstTokens);
  const value = (): number => 400 * Math.exp(scatter * gaussian(random));
  for (let look = 1; look <= looks; look++) {
    for (let call = 0; call < callsPerLook; call++) gathered.add("", "canary", ratio * value());
    for (let call = 0; call < callsPerLook * 19; call++) gathered.add("", "stable", value());
    if (gathered.look() !== undefined) return look;
  }
  return undefined;
}

/** Normally distributed, by Box and Muller. */
function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
