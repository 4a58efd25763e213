import { assignArm, canaryBucket, takesPart } from "./canary-arm.ts";
import type { Arm } from "./canary-arm.ts";
import type { CallFacts } from "./call-facts.ts";
import type { Catalog, FallbackClass, Model } from "./catalog.ts";
import { hardSkip } from "./eligible.ts";
import type { Candidate, ExcludedCandidate, Plan, PlanRejection, PlanResult } from "./plan.ts";
import { candidatesOf, resolveTarget } from "./resolve-target.ts";
import type { ResolvedTarget } from "./resolve-target.ts";

/** The plan of a call, or why there is none. Chat and ExplainRoute call this and nothing else. */
export function planRoute(catalog: Catalog, facts: CallFacts): PlanResult {
  const resolved = resolveTarget(catalog, facts);
  if (resolved.kind === "rejected") return resolved;
  const { target } = resolved;
  const first = target.candidates[0]?.model ?? target.models[0];
  if (facts.canary === "require" && (first === undefined || !takesPart(catalog.canary, first))) {
    return { kind: "rejected", rejection: { kind: "no-canary" } };
  }
  const arm = target.pinned ? "stable" : assignArm(catalog.canary, first, facts);
  const own = sift(catalog, facts, arm, target.candidates, target.pinned);
  const chain = chainOf(catalog, facts);
  if (chain.kind === "rejected") return chain;
  const behind = sift(catalog, facts, arm, chain.candidates, false);
  const candidates = unique([...limited(own.candidates, facts), ...behind.candidates]);
  const excluded = [...own.excluded, ...behind.excluded];
  const fallbacks = fallbacksOf(catalog, facts, arm, target);
  const rejection = rejectionOf(candidates, fallbacks, excluded);
  if (rejection !== undefined) return { kind: "rejected", rejection };
  const split = !target.pinned && first !== undefined && takesPart(catalog.canary, first);
  return {
    kind: "planned",
    plan: {
      tier: target.tier,
      pinned: target.pinned,
      arm,
      canaryBucket: split ? canaryBucket(facts.affinityKey ?? facts.requestId) : undefined,
      candidates,
      fallbacks,
      excluded,
      onContentFilter: facts.onContentFilter,
    },
  };
}

interface Sifted {
  readonly candidates: readonly Candidate[];
  readonly excluded: readonly ExcludedCandidate[];
}

/** Keeps the arm's deployments in the arm's order, and sets apart those that the hard filters rule out. */
function sift(
  catalog: Catalog,
  facts: CallFacts,
  arm: Arm,
  wanted: readonly Candidate[],
  pinned: boolean,
): Sifted {
  const candidates: Candidate[] = [];
  const excluded: ExcludedCandidate[] = [];
  for (const candidate of pinned ? wanted : inArmOrder(catalog, arm, wanted)) {
    const skip = hardSkip(candidate.model, facts);
    if (skip === undefined) candidates.push(candidate);
    else excluded.push({ ...candidate, skip });
  }
  return { candidates, excluded };
}

/**
 * For a model that takes part in the split: on the canary arm the first model's canary deployment leads, then
 * stable; on the stable arm the canary's deployments are left out, so that stable never overflows into canary.
 */
function inArmOrder(catalog: Catalog, arm: Arm, wanted: readonly Candidate[]): readonly Candidate[] {
  const split = catalog.canary;
  if (split === undefined) return wanted;
  const leader = wanted[0]?.model;
  const isCanary = (candidate: Candidate): boolean =>
    takesPart(split, candidate.model) && candidate.deployment.upstream === split.canary;
  const stable = wanted.filter((candidate) => !isCanary(candidate));
  if (arm === "stable") return stable;
  return [...wanted.filter((candidate) => isCanary(candidate) && candidate.model === leader), ...stable];
}

/** FALLBACK_MODE_NONE keeps the first alone; the same deployment may still be retried. */
function limited(candidates: readonly Candidate[], facts: CallFacts): readonly Candidate[] {
  return facts.fallback.kind === "none" ? candidates.slice(0, 1) : candidates;
}

type Chain =
  | { readonly kind: "chain"; readonly candidates: readonly Candidate[] }
  | { readonly kind: "rejected"; readonly rejection: PlanRejection };

/** The caller's own chain stands behind the target from the start, in place of the configured fallback. */
function chainOf(catalog: Catalog, facts: CallFacts): Chain {
  if (facts.fallback.kind !== "chain") return { kind: "chain", candidates: [] };
  const candidates: Candidate[] = [];
  for (const name of facts.fallback.models) {
    const resolved = resolveTarget(catalog, { ...facts, target: { kind: "model", model: name } });
    if (resolved.kind === "rejected") return resolved;
    candidates.push(...resolved.target.candidates);
  }
  return { kind: "chain", candidates };
}

/** The configured lists by class; only a named model has them: a tier has its own list, a pin asks for one place. */
function fallbacksOf(
  catalog: Catalog,
  facts: CallFacts,
  arm: Arm,
  target: ResolvedTarget,
): Plan["fallbacks"] {
  const configured = facts.fallback.kind === "configured" && target.tier === undefined && !target.pinned;
  const list = (models: readonly Model[]): readonly Candidate[] =>
    configured ? sift(catalog, facts, arm, models.flatMap(candidatesOf), false).candidates : [];
  return {
    rateLimited: list(catalog.fallback.rateLimited),
    unavailable: list(catalog.fallback.unavailable),
    contextTooLong: list(catalog.fallback.contextTooLong),
  };
}

function unique(candidates: readonly Candidate[]): readonly Candidate[] {
  const seen = new Set<string>();
  return candidates.filter(({ deployment }) => !seen.has(deployment.id) && seen.add(deployment.id));
}

/** A plan is refused where the hard filters leave nothing; a target without deployments may still fall back. */
function rejectionOf(
  candidates: readonly Candidate[],
  fallbacks: Plan["fallbacks"],
  excluded: readonly ExcludedCandidate[],
): PlanRejection | undefined {
  const first = excluded[0];
  if (candidates.length > 0 || first === undefined) return undefined;
  const opened: FallbackClass | undefined = first.skip === "context-too-long" ? "contextTooLong" : undefined;
  if (opened !== undefined && fallbacks[opened].length > 0) return undefined;
  return { kind: "all-excluded", skip: first.skip, excluded };
}
