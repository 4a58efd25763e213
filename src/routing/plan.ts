import type { Arm } from "./canary-arm.ts";
import type { Candidate, FallbackClass, TierName } from "./catalog.ts";
import type { SkipReason } from "./skip-reason.ts";

/** A candidate that the plan rules out whatever happens. */
export interface ExcludedCandidate extends Candidate {
  readonly skip: SkipReason;
}

/** Ordered candidates with the limits for one call. */
export interface Plan {
  /** The tier that matched; undefined where a model or deployment was named. */
  readonly tier: TierName | undefined;
  readonly pinned: boolean;
  /** The arm that was assigned. */
  readonly arm: Arm;
  /** Of the split, 0 to 9999; undefined where the call takes no part. */
  readonly canaryBucket: number | undefined;
  /**
   * The call counts when the arms are compared: it takes part, and its bucket decided, not its caller. Who asks for an
   * arm, or to be kept from one, is not a sample of anybody else.
   */
  readonly compared: boolean;
  /** The target's own, in the order in which they are tried. */
  readonly candidates: readonly Candidate[];
  /** Appended behind them, each list once, when a failure or a skip of its class occurs. */
  readonly fallbacks: Readonly<Record<FallbackClass, readonly Candidate[]>>;
  /** Ruled out before the first attempt, in the order in which they would have been tried. */
  readonly excluded: readonly ExcludedCandidate[];
  /** Also go on after a content filter. */
  readonly onContentFilter: boolean;
}

/** Why there is no plan. */
export type PlanRejection =
  | {
      readonly kind: "unknown-model";
      readonly name: string;
      readonly suggestions: readonly string[];
      readonly provider: ProviderModels;
    }
  | { readonly kind: "unknown-deployment"; readonly name: string; readonly suggestions: readonly string[] }
  | { readonly kind: "empty-tier"; readonly tier: TierName }
  | { readonly kind: "no-canary" }
  /** Every candidate is ruled out; `skip` is why the first of them is. */
  | {
      readonly kind: "all-excluded";
      readonly skip: SkipReason;
      readonly excluded: readonly ExcludedCandidate[];
    };

/** What is configured under the provider that a caller named. */
export interface ProviderModels {
  readonly provider: string;
  /** Empty: there is no such provider. */
  readonly models: readonly string[];
  /** Every configured provider. */
  readonly providers: readonly string[];
}

export type PlanResult =
  | { readonly kind: "planned"; readonly plan: Plan }
  | { readonly kind: "rejected"; readonly rejection: PlanRejection };
