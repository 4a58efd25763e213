import type { Model } from "../../../src/routing/catalog.ts";
import type { CallFacts } from "../../../src/routing/call-facts.ts";
import { judged } from "./attempt-limits.ts";
import { type Invariant, nameOfRequest } from "./invariant.ts";
import { isBefore } from "./run-record.ts";
import { worldCatalog } from "./world-catalog.ts";

/** What no fallback may relax. */
export const hardFilters: readonly Invariant[] = [
  {
    number: 16,
    says: "no call reaches a model that cannot do what it asks, hold it, or be paid for",
    *breaches({ requests }) {
      for (const request of requests) {
        const model = worldCatalog.models.get(request.deployment.model)!;
        const { facts } = request.call;
        const missing = [...facts.requiredCapabilities].filter(
          (each) => model.capabilities?.has(each) === false,
        );
        if (missing.length > 0) yield `${nameOfRequest(request)} needs ${missing.join(", ")}`;
        const tokens = facts.inputTokens.atLeast + (facts.maxOutputTokens ?? 0);
        if (tokens > windowOf(model)) yield `${nameOfRequest(request)} has ${tokens} tokens`;
        if (facts.maxCostNanos !== undefined && !(estimate(model, facts) <= Number(facts.maxCostNanos)))
          yield `${nameOfRequest(request)} may cost ${estimate(model, facts)}`;
        const refused = request.call.requests.find(
          (each) => judged(each) === "context-too-long" && isBefore(each.ended, request.visit.began),
        );
        if (refused === undefined) continue;
        const window = windowOf(worldCatalog.models.get(refused.deployment.model)!);
        if (window !== Infinity && windowOf(model) <= window)
          yield `${nameOfRequest(request)} is no larger than what was too small`;
      }
    },
  },
];

function windowOf({ contextWindowTokens }: Model): number {
  return contextWindowTokens ?? Infinity;
}

/** NaN where nobody knows. */
function estimate({ price }: Model, { inputTokens, maxOutputTokens = 1024 }: CallFacts): number {
  if (price === undefined) return NaN;
  const input = inputTokens.estimate * Number(price.inputNanosPerMTok);
  return Math.round((input + maxOutputTokens * Number(price.outputNanosPerMTok)) / 1e6);
}
