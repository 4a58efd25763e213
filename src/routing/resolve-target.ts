import type { CallFacts } from "./call-facts.ts";
import type { Candidate, Catalog, TierName } from "./catalog.ts";
import { closestNames } from "./closest-names.ts";
import type { PlanRejection, ProviderModels } from "./plan.ts";

/** A target's own candidates, before any filter. */
export interface ResolvedTarget {
  readonly tier: TierName | undefined;
  readonly pinned: boolean;
  readonly candidates: readonly Candidate[];
}

type TargetResult =
  | { readonly kind: "resolved"; readonly target: ResolvedTarget }
  | { readonly kind: "rejected"; readonly rejection: PlanRejection };

/** What the caller's target means in this catalog. */
export function resolveTarget(catalog: Catalog, facts: CallFacts): TargetResult {
  const { target } = facts;
  switch (target.kind) {
    case "tier":
      return resolveTier(catalog, target.tier);
    case "model":
      return resolveModel(catalog, target.model);
    case "deployment":
      return resolveDeployment(catalog, target.deployment, facts);
  }
}

function resolveTier(catalog: Catalog, tier: TierName): TargetResult {
  if (catalog.tiers[tier].length === 0) return { kind: "rejected", rejection: { kind: "empty-tier", tier } };
  const candidates = catalog.candidates.tiers[tier];
  return { kind: "resolved", target: { tier, pinned: false, candidates } };
}

function resolveModel(catalog: Catalog, name: string): TargetResult {
  const candidates = catalog.candidates.models.get(name);
  if (candidates === undefined) {
    return {
      kind: "rejected",
      rejection: {
        kind: "unknown-model",
        name,
        suggestions: closestNames(name, catalog.models.keys()),
        provider: providerModels(catalog, name),
      },
    };
  }
  return { kind: "resolved", target: { tier: undefined, pinned: false, candidates } };
}

function resolveDeployment(catalog: Catalog, name: string, facts: CallFacts): TargetResult {
  const deployment = catalog.deployments.get(name);
  const model = deployment && catalog.models.get(deployment.model);
  if (deployment === undefined || model === undefined) {
    const suggestions = closestNames(name, catalog.deployments.keys());
    return { kind: "rejected", rejection: { kind: "unknown-deployment", name, suggestions } };
  }
  const pinned = { deployment, model };
  const others = facts.fallback.kind === "same-model" ? (catalog.candidates.models.get(model.id) ?? []) : [];
  const rest = others.filter((candidate) => candidate.deployment.id !== name);
  return {
    kind: "resolved",
    target: { tier: undefined, pinned: true, candidates: [pinned, ...rest] },
  };
}

function providerModels(catalog: Catalog, name: string): ProviderModels {
  const provider = name.replace(/\/.*/s, "");
  const all = [...catalog.models.values()];
  return {
    provider,
    models: all.filter((model) => model.provider === provider).map((model) => model.id),
    providers: [...new Set(all.map((model) => model.provider))],
  };
}
