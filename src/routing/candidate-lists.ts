import type { Candidate, CandidateLists, Catalog, Model } from "./catalog.ts";

/** The candidates of everything that a call can name, made once so that no plan puts them together again. */
export function candidateLists({
  models,
  tiers,
  fallback,
}: Pick<Catalog, "models" | "tiers" | "fallback">): CandidateLists {
  return {
    models: new Map([...models].map(([id, model]) => [id, candidatesOf([model])])),
    tiers: {
      simple: unique(candidatesOf(tiers.simple)),
      standard: unique(candidatesOf(tiers.standard)),
      advanced: unique(candidatesOf(tiers.advanced)),
    },
    fallback: {
      rateLimited: candidatesOf(fallback.rateLimited),
      unavailable: candidatesOf(fallback.unavailable),
      contextTooLong: candidatesOf(fallback.contextTooLong),
    },
  };
}

/** Each deployment once, where it stands first. */
export function unique<T extends Candidate>(candidates: readonly T[]): readonly T[] {
  const seen = new Set<string>();
  return candidates.filter(({ deployment }) => !seen.has(deployment.id) && seen.add(deployment.id));
}

function candidatesOf(models: readonly Model[]): readonly Candidate[] {
  return models.flatMap((model) => model.deployments.map((deployment) => ({ deployment, model })));
}
