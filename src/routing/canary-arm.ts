import type { CallFacts } from "./call-facts.ts";
import type { CanarySplit, Model } from "./catalog.ts";

/** The side of the canary split that a call was assigned to. */
export type Arm = "stable" | "canary";

/** Buckets of the split: one basis point each. */
export const canaryBuckets = 10_000;

/**
 * The bucket of a call, 0 to 9999: the same for the same key on every replica and after every restart.
 * FNV-1a over the UTF-16 units with the finalizer of MurmurHash3, which spreads keys that differ in one digit.
 */
export function canaryBucket(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % canaryBuckets;
}

/** Where a model stands in the split: both upstreams serve it, or it takes no part. */
export function takesPart(split: CanarySplit | undefined, model: Model): split is CanarySplit {
  if (split === undefined) return false;
  const at = (upstream: string): boolean =>
    model.deployments.some((deployment) => deployment.upstream === upstream);
  return at(split.stable) && at(split.canary);
}

/** The arm of a call whose first model is `model`. A caller's REQUIRE and EXCLUDE come before the bucket. */
export function assignArm(split: CanarySplit | undefined, model: Model | undefined, facts: CallFacts): Arm {
  if (model === undefined || !takesPart(split, model)) return "stable";
  switch (facts.canary) {
    case "require":
      return "canary";
    case "exclude":
      return "stable";
    case "assigned":
      return canaryBucket(facts.affinityKey ?? facts.requestId) < split.weightBasisPoints
        ? "canary"
        : "stable";
  }
}
