import { assignArm, canaryBucket, takesPart } from "./canary-arm.ts";
import type { Arm } from "./canary-arm.ts";
import type { CallFacts } from "./call-facts.ts";
import type { Catalog, Model } from "./catalog.ts";
import { hardSkip } from "./eligible.ts";
import type { Candidate, ExcludedCandidate, Plan, PlanRejection, PlanResult } from "./plan.ts";
import { candidatesOf, resolveTarget } from "./resolve-target.ts";
import type { ResolvedTarget } from "./resolve-target.ts";

/** The plan of a call, or why there is none. Chat and ExplainRoute call this and nothing else. */
export function planRoute(catalog: Catalog, facts: CallFacts): PlanResult {
  const resolved = resolveTarget(catalog, facts);
  if (resolved.kind === "rejected") return resolved;
  const { target } = resolved;
  const order = armOrder(catalog, facts, target);
  if (facts.canary === "require" && order.arm !== "canary") {
    return { kind: "rejected", rejection: { kind: "no-canary" } };
  }
  const own = sift(facts, order, target.candidates);
  const chain = chainOf(catalog, facts);
  if (chain.kind === "rejected") return chain;
  const behind = sift(facts, order, chain.candidates);
  const candidates = unique([...narrowed(own.candidates, facts), ...behind.candidates]);
  const excluded = unique([...own.excluded, ...behind.excluded]);
  const fallbacks = fallbacksOf(catalog, facts, order, target);
  const rejection = rejectionOf(candidates, fallbacks, excluded);
  if (rejection !== undefined) return { kind: "rejected", rejection };
  return {
    kind: "planned",
    plan: {
      tier: target.tier,
      pinned: target.pinned,
      arm: order.arm,
      canaryBucket: order.takesPart ? canaryBucket(facts.affinityKey ?? facts.requestId) : undefined,
      compared: order.takesPart && facts.canary === "assigned",
      candidates,
      fallbacks,
      excluded,
      onContentFilter: facts.onContentFilter,
    },
  };
}

/** What the split makes of a call. */
interface ArmOrder {
  readonly arm: Arm;
  /** The call counts for its arm; a pinned one does not, since no split can move it. */
  readonly takesPart: boolean;
  /** At the canary, of a model that stands on both sides: nobody falls back there. */
  readonly isCanary: (candidate: Candidate) => boolean;
  /** Goes before the others, whatever its side. */
  readonly leads: (candidate: Candidate) => boolean;
}

/**
 * The arm follows the first model that can serve the call: one that is ruled out would otherwise make calls count
 * as rescued from a canary that they could never have reached.
 */
function armOrder({ canary }: Catalog, facts: CallFacts, { candidates, pinned }: ResolvedTarget): ArmOrder {
  const first = candidates[0];
  const isCanary = ({ deployment, model }: Candidate): boolean =>
    takesPart(canary, model) && deployment.upstream === canary.canary;
  if (pinned) {
    const required = facts.canary === "require" && first !== undefined && isCanary(first);
    return {
      arm: required ? "canary" : "stable",
      takesPart: false,
      isCanary,
      leads: (candidate) => candidate === first,
    };
  }
  const eligible = candidates.find(({ model }) => hardSkip(model, facts) === undefined) ?? first;
  const leader = eligible?.model;
  const arm = assignArm(canary, leader, facts);
  return {
    arm,
    takesPart: leader !== undefined && takesPart(canary, leader),
    isCanary,
    leads: (candidate) => arm === "canary" && candidate.model === leader && isCanary(candidate),
  };
}

interface Sifted {
  readonly candidates: readonly Candidate[];
  readonly excluded: readonly ExcludedCandidate[];
}

/**
 * Puts what leads first, leaves the canary's other deployments out, so that nobody overflows into the canary, and
 * sets apart what the hard filters rule out.
 */
function sift(facts: CallFacts, { isCanary, leads }: ArmOrder, wanted: readonly Candidate[]): Sifted {
  const candidates: Candidate[] = [];
  const excluded: ExcludedCandidate[] = [];
  const behind = wanted.filter((candidate) => !leads(candidate) && !isCanary(candidate));
  for (const candidate of [...wanted.filter(leads), ...behind]) {
    const skip = hardSkip(candidate.model, facts);
    if (skip === undefined) candidates.push(candidate);
    else excluded.push({ ...candidate, skip });
  }
  return { candidates, excluded };
}

/** What the caller's mode leaves of the target's own. The same deployment may always be retried. */
function narrowed(candidates: readonly Candidate[], facts: CallFacts): readonly Candidate[] {
  switch (facts.fallback.kind) {
    case "none":
      return candidates.slice(0, 1);
    case "same-model":
      return candidates.filter(({ model }) => model === candidates[0]?.model);
    case "configured":
    case "chain":
      return candidates;
  }
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
  order: ArmOrder,
  target: ResolvedTarget,
): Plan["fallbacks"] {
  const configured = facts.fallback.kind === "configured" && target.tier === undefined && !target.pinned;
  const list = (models: readonly Model[]): readonly Candidate[] =>
    configured ? sift(facts, order, models.flatMap(candidatesOf)).candidates : [];
  return {
    rateLimited: list(catalog.fallback.rateLimited),
    unavailable: list(catalog.fallback.unavailable),
    contextTooLong: list(catalog.fallback.contextTooLong),
  };
}

function unique<T extends Candidate>(candidates: readonly T[]): readonly T[] {
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
  if (first.skip === "context-too-long" && fallbacks.contextTooLong.length > 0) return undefined;
  return { kind: "all-excluded", skip: first.skip, excluded };
}
