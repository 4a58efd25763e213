import type { Config } from "../config/config.ts";
import type { PlannedCall } from "./planned-call.ts";
import { createFirstContentTimes } from "./first-content-times.ts";
import { createHedgeBudget } from "./hedge-budget.ts";
import type { AttemptEntry } from "./trail.ts";

/** When a silent attempt gets company, and whether that may be paid. Learns from every attempt. */
export interface Hedging {
  /** How long a first attempt there may be silent, in milliseconds. */
  readonly delayMs: (deploymentId: string) => number;
  /** Takes what a hedge of this call may waste; false: it is too much. */
  readonly afford: (call: PlannedCall) => boolean;
  readonly learn: (entry: AttemptEntry, call: PlannedCall) => void;
}

/** Output expected of a call whose caller sets no limit. */
const assumedOutputTokens = 1024;

/** Undefined where hedging is off, which is the default. */
export function createHedging(config: Config["hedge"], now: () => number): Hedging | undefined {
  if (!config.enabled) return undefined;
  const times = createFirstContentTimes();
  const budget = createHedgeBudget(config.maxExtraPercent, now);
  return {
    delayMs: (id) => Math.max(config.delayMs, times.p95Ms(id) ?? 0),
    afford: (call) => budget.take(expectedTokens(call)),
    learn: ({ deployment, usage, outcome, firstTokenMs, latencyMs }, call) => {
      const used = (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0);
      budget.used(used);
      if (outcome === "hedge-lost") budget.giveBack(Math.max(0, expectedTokens(call) - used));
      // A whole answer is the first content of a unary call.
      if (outcome === "succeeded") times.add(deployment, firstTokenMs ?? latencyMs);
    },
  };
}

function expectedTokens({ input, inputTokens }: PlannedCall): number {
  return inputTokens + (input.generationConfig?.maxOutputTokens ?? assumedOutputTokens);
}
