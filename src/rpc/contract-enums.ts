import {
  AttemptOutcome,
  BreakerState,
  CanaryArm,
  ErrorReason,
  RouteReason,
  SkipReason,
  Tier,
} from "../../gen/switchyard/v1/routing_pb.ts";
import type { BreakerStateName } from "../attempt/permit.ts";
import type { AttemptEntry, AttemptReason } from "../attempt/trail.ts";
import type { Arm } from "../routing/canary-arm.ts";
import type { TierName } from "../routing/catalog.ts";
import type { ErrorReasonName } from "../routing/error-reason.ts";
import type { SkipReason as Skip } from "../routing/skip-reason.ts";

// Generated enums are open, ours are closed: they meet here and nowhere else.

const tiers: Readonly<Record<TierName, Tier>> = {
  simple: Tier.SIMPLE,
  standard: Tier.STANDARD,
  advanced: Tier.ADVANCED,
};

/** Unspecified where no tier matched. */
export function toTier(tier: TierName | undefined): Tier {
  return tier === undefined ? Tier.UNSPECIFIED : tiers[tier];
}

/** Undefined for one that this version does not know. */
export function tierNameOf(tier: Tier): TierName | undefined {
  switch (tier) {
    case Tier.SIMPLE:
      return "simple";
    case Tier.STANDARD:
      return "standard";
    case Tier.ADVANCED:
      return "advanced";
    default:
      return undefined;
  }
}

/** The arm that was assigned. */
export function toArm(arm: Arm): CanaryArm {
  return arm === "canary" ? CanaryArm.CANARY : CanaryArm.STABLE;
}

const breakerStates: Readonly<Record<BreakerStateName, BreakerState>> = {
  closed: BreakerState.CLOSED,
  open: BreakerState.OPEN,
  "half-open": BreakerState.HALF_OPEN,
};

/** A breaker's state. */
export function toBreakerState(state: BreakerStateName): BreakerState {
  return breakerStates[state];
}

const routeReasons: Readonly<Record<AttemptReason, RouteReason>> = {
  primary: RouteReason.PRIMARY,
  canary: RouteReason.CANARY,
  pinned: RouteReason.PINNED,
  retry: RouteReason.RETRY,
  fallback: RouteReason.FALLBACK,
  hedge: RouteReason.HEDGE,
  restart: RouteReason.RESTART,
};

/** Why an attempt was made. */
export function toRouteReason(reason: AttemptReason): RouteReason {
  return routeReasons[reason];
}

const outcomes: Readonly<Record<AttemptEntry["outcome"], AttemptOutcome>> = {
  succeeded: AttemptOutcome.SUCCEEDED,
  failed: AttemptOutcome.FAILED,
  "timed-out": AttemptOutcome.TIMED_OUT,
  cancelled: AttemptOutcome.CANCELLED,
  "hedge-lost": AttemptOutcome.CANCELLED,
};

/** How an attempt ended. */
export function toOutcome(outcome: AttemptEntry["outcome"]): AttemptOutcome {
  return outcomes[outcome];
}

const skipReasons: Readonly<Record<Skip, SkipReason>> = {
  "breaker-open": SkipReason.BREAKER_OPEN,
  "keys-exhausted": SkipReason.KEYS_EXHAUSTED,
  "keys-quarantined": SkipReason.KEYS_EXHAUSTED,
  "at-capacity": SkipReason.AT_CAPACITY,
  draining: SkipReason.DRAINING,
  capability: SkipReason.CAPABILITY,
  "context-too-long": SkipReason.CONTEXT_TOO_LONG,
  "over-budget": SkipReason.OVER_BUDGET,
  deadline: SkipReason.DEADLINE,
};

/** Why a candidate was passed over; unspecified where it was not. */
export function toSkipReason(skip: Skip | undefined): SkipReason {
  return skip === undefined ? SkipReason.UNSPECIFIED : skipReasons[skip];
}

/** Why an attempt failed; a caller's leaving has no number, its outcome says it. */
export function toErrorReason(reason: ErrorReasonName): ErrorReason {
  return reason === "CANCELLED" ? ErrorReason.UNSPECIFIED : ErrorReason[reason];
}
