import { candidateLists } from "../routing/candidate-lists.ts";
import { type Catalog, type Deployment, type Model, tierNames } from "../routing/catalog.ts";
import type { Config, ModelConfig } from "./config.ts";

/** What routing decides from, compiled once for a configuration; everything in it is shared, nothing copied. */
export function compileCatalog(config: Config): Catalog {
  const models = new Map([...config.models].map(([id, model]) => [id, compileModel(model, config.tiers)]));
  const listed = (ids: readonly string[]): readonly Model[] => ids.flatMap((id) => models.get(id) ?? []);
  const deployments = [...models.values()].flatMap((model) => model.deployments);
  const { canary } = config;
  const tiers: Catalog["tiers"] = {
    simple: listed(config.tiers.simple),
    standard: listed(config.tiers.standard),
    advanced: listed(config.tiers.advanced),
  };
  const fallback: Catalog["fallback"] = {
    rateLimited: listed(config.fallback.rateLimited),
    unavailable: listed(config.fallback.unavailable),
    contextTooLong: listed(config.fallback.contextTooLong),
  };
  return {
    revision: config.revision,
    models,
    deployments: new Map(deployments.map((deployment) => [deployment.id, deployment])),
    tiers,
    defaultTier: config.defaultTier,
    fallback,
    canary:
      canary === undefined
        ? undefined
        : { stable: canary.stable, canary: canary.canary, weightBasisPoints: canary.weightBasisPoints },
    candidates: candidateLists({ models, tiers, fallback }),
  };
}

function compileModel(model: ModelConfig, tiers: Config["tiers"]): Model {
  const { id, displayName, contextWindowTokens, maxOutputTokens, capabilities, price } = model;
  return {
    id,
    provider: id.slice(0, id.indexOf("/")),
    displayName,
    contextWindowTokens,
    maxOutputTokens,
    capabilities,
    price,
    deployments: model.upstreams.map((upstream): Deployment => ({
      id: `${id}@${upstream}`,
      model: id,
      upstream,
      upstreamModel: model.upstreamModel.get(upstream) ?? id,
    })),
    tiers: tierNames.filter((tier) => tiers[tier].includes(id)),
  };
}
