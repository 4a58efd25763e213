import { type Catalog, type Deployment, type Model, tierNames } from "../routing/catalog.ts";
import type { Config, ModelConfig } from "./config.ts";

/** What routing decides from, compiled once for a configuration; everything in it is shared, nothing copied. */
export function compileCatalog(config: Config): Catalog {
  const models = new Map([...config.models].map(([id, model]) => [id, compileModel(model, config.tiers)]));
  const listed = (ids: readonly string[]): readonly Model[] => ids.flatMap((id) => models.get(id) ?? []);
  const deployments = [...models.values()].flatMap((model) => model.deployments);
  const { tiers, fallback, canary } = config;
  return {
    revision: config.revision,
    models,
    deployments: new Map(deployments.map((deployment) => [deployment.id, deployment])),
    tiers: {
      simple: listed(tiers.simple),
      standard: listed(tiers.standard),
      advanced: listed(tiers.advanced),
    },
    defaultTier: config.defaultTier,
    fallback: {
      rateLimited: listed(fallback.rateLimited),
      unavailable: listed(fallback.unavailable),
      contextTooLong: listed(fallback.contextTooLong),
    },
    canary:
      canary === undefined
        ? undefined
        : { stable: canary.stable, canary: canary.canary, weightBasisPoints: canary.weightBasisPoints },
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
