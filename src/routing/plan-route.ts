import { unique } from "./candidate-lists.ts";
import { assignArm, canaryBucket, takesPart } from "./canary-arm.ts";
import type { Arm } from "./canary-arm.ts";
import type { CallFacts } from "./call-facts.ts";
import type { CanarySplit, Candidate, Catalog } from "./catalog.ts";
import { hardSkip } from "./eligible.ts";
import type { ExcludedCandidate, Plan, PlanRejection, PlanResult } from "./plan.ts";
import { resolveTarget } from "./resolve-target.ts";
import type { ResolvedTarget } from "./resolve-target.ts";

/** The plan of a call, or why there is none. Chat and ExplainRoute call this and nothing else. */
export function planRoute(catalog: Catalog, facts: CallFacts): PlanResult {
  const resolved = resolveTarget(catalog, facts);
  if (resolved.kind === "rejected") return resolved;
  const { target } = resolved;
  const order = catalog.canary === undefined ? noSplit : armOrder(catalog.canary, facts, target);
  if (facts.canary === "require" && order.arm !== "canary") {
    return { kind: "rejected", rejection: { kind: "no-canary" } };
  }
  const chain = chainOf(catalog, facts);
  if (chain.kind === "rejected") return chain;
  const own = sift(facts, order, target.candidates);
  const { candidates, excluded } = chained(
    { candidates: narrowed(own.candidates, facts), excluded: own.excluded },
    sift(facts, order, chain.candidates),
  );
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

/** A pinned deployment stands first by itself. */
const noSplit: ArmOrder = { arm: "stable", takesPart: false, isCanary: () => false, leads: () => false };

/**
 * The arm follows the first model that can serve the call: one that is ruled out would otherwise make calls count
 * as rescued from a canary that they could never have reached.
 */
function armOrder(canary: CanarySplit, facts: CallFacts, { candidates, pinned }: ResolvedTarget): ArmOrder {
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

const nobody: readonly never[] = [];
const nothing: Sifted = { candidates: nobody, excluded: nobody };

/**
 * Puts what leads first, leaves the canary's other deployments out, so that nobody overflows into the canary, and
 * sets apart what the hard filters rule out. A list of which all that changes nothing is given back as it is.
 */
function sift(facts: CallFacts, order: ArmOrder, wanted: readonly Candidate[]): Sifted {
  if (wanted.length === 0) return nothing;
  if (staysWhole(facts, order, wanted)) return { candidates: wanted, excluded: nobody };
  const { isCanary, leads } = order;
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

/** Nobody leads who is not at the canary, but for a pinned deployment, which stands first already. */
function staysWhole(facts: CallFacts, { isCanary }: ArmOrder, wanted: readonly Candidate[]): boolean {
  for (const candidate of wanted)
    if (isCanary(candidate) || hardSkip(candidate.model, facts) !== undefined) return false;
  return true;
}

/** The caller's chain behind what its mode leaves of the target's own, each deployment once. */
function chained(own: Sifted, behind: Sifted): Sifted {
  if (behind.candidates.length === 0 && behind.excluded.length === 0) return own;
  return {
    candidates: unique([...own.candidates, ...behind.candidates]),
    excluded: unique([...own.excluded, ...behind.excluded]),
  };
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

const noChain: Chain = { kind: "chain", candidates: nobody };

/** The caller's own chain stands behind the target from the start, in place of the configured fallback. */
function chainOf(catalog: Catalog, facts: CallFacts): Chain {
  if (facts.fallback.kind !== "chain") return noChain;
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
  if (facts.fallback.kind !== "configured" || target.tier !== undefined || target.pinned) return noFallbacks;
  const { rateLimited, unavailable, contextTooLong } = catalog.candidates.fallback;
  return {
    rateLimited: sift(facts, order, rateLimited).candidates,
    unavailable: sift(facts, order, unavailable).candidates,
    contextTooLong: sift(facts, order, contextTooLong).candidates,
  };
}

const noFallbacks: Plan["fallbacks"] = { rateLimited: nobody, unavailable: nobody, contextTooLong: nobody };

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
