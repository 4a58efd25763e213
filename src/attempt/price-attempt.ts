import { type Usage, UsageSource } from "../../gen/switchyard/v1/content_pb.ts";
import type { Candidate, Catalog, Model } from "../routing/catalog.ts";
import { costNanos } from "../routing/cost.ts";
import type { AttemptCost } from "./trail.ts";

/** Prices what attempts used. */
export interface AttemptPricing {
  /** Which price table, for whoever recomputes a bill. */
  readonly version: string;
  /**
   * An upstream may serve another model than the one it was asked for and says so in its answer: where that is a
   * configured model of the same upstream, its price holds.
   * @param modelVersion the upstream's own name of what answered
   */
  readonly cost: (candidate: Candidate, usage: Usage, modelVersion: string) => AttemptCost;
}

/** Compiled once for a catalog. */
export function createAttemptPricing(catalog: Catalog): AttemptPricing {
  /** By upstream, then by its own name of the model. */
  const served = new Map<string, Map<string, Model>>();
  for (const { upstream, upstreamModel, model: id } of catalog.deployments.values()) {
    const model = catalog.models.get(id);
    if (model !== undefined) served.getOrInsertComputed(upstream, () => new Map()).set(upstreamModel, model);
  }
  return {
    version: catalog.revision,
    cost: ({ deployment, model }, usage, modelVersion) => {
      const { price } = served.get(deployment.upstream)?.get(modelVersion) ?? model;
      const estimated = usage.source === UsageSource.ESTIMATED;
      if (price === undefined) return { nanos: 0n, unpriced: true, estimated };
      const nanos = costNanos(price, {
        input: usage.inputTokens,
        cachedInput: usage.cachedInputTokens,
        output: usage.outputTokens,
      });
      return { nanos, unpriced: false, estimated };
    },
  };
}
