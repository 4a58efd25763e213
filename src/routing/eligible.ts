import type { CallFacts } from "./call-facts.ts";
import type { Model } from "./catalog.ts";
import { costNanos } from "./cost.ts";
import type { SkipReason } from "./skip-reason.ts";

/** Output assumed where the caller sets no limit: a long answer, not the longest possible one. */
const assumedOutputTokens = 1024;

/**
 * Why a model cannot serve a call whatever happens; undefined where it can. These filters are never relaxed, not
 * even for a fallback. What the config does not declare (window, capabilities) excludes nothing.
 */
export function hardSkip(model: Model, facts: CallFacts): SkipReason | undefined {
  if (!hasCapabilities(model, facts)) return "capability";
  if (!fitsWindow(model, facts)) return "context-too-long";
  if (isOverBudget(model, facts)) return "over-budget";
  return undefined;
}

/** What the call would cost on this model, before it is made; undefined where no price is known. */
export function estimatedCostNanos(model: Model, facts: CallFacts): bigint | undefined {
  if (model.price === undefined) return undefined;
  const wanted = facts.maxOutputTokens ?? assumedOutputTokens;
  return costNanos(model.price, {
    input: facts.inputTokens.estimate,
    cachedInput: 0,
    output: Math.min(wanted, model.maxOutputTokens ?? wanted),
  });
}

function hasCapabilities(model: Model, facts: CallFacts): boolean {
  const { capabilities } = model;
  return capabilities === undefined || facts.requiredCapabilities.isSubsetOf(capabilities);
}

function fitsWindow(model: Model, facts: CallFacts): boolean {
  if (model.contextWindowTokens === undefined) return true;
  return facts.inputTokens.atLeast + (facts.maxOutputTokens ?? 0) <= model.contextWindowTokens;
}

/** Under a cap an unpriced model is out: nobody could say that it stays below. */
function isOverBudget(model: Model, facts: CallFacts): boolean {
  if (facts.maxCostNanos === undefined) return false;
  const estimate = estimatedCostNanos(model, facts);
  return estimate === undefined || estimate > facts.maxCostNanos;
}
