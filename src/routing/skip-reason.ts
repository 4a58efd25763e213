import type { FallbackClass } from "./catalog.ts";

/** Why a candidate is passed over without a call. */
export type SkipReason =
  | "breaker-open"
  /** Every key cools down for this model. */
  | "keys-exhausted"
  /** Every key was refused. */
  | "keys-quarantined"
  | "at-capacity"
  | "draining"
  | "capability"
  | "context-too-long"
  | "over-budget"
  | "deadline";

/** The configured fallback that a skip opens: a skipped candidate counts as its class. */
export function fallbackOfSkip(skip: SkipReason): FallbackClass | undefined {
  switch (skip) {
    case "breaker-open":
    case "at-capacity":
    case "keys-quarantined":
      return "unavailable";
    case "keys-exhausted":
      return "rateLimited";
    case "context-too-long":
      return "contextTooLong";
    case "draining":
    case "capability":
    case "over-budget":
    case "deadline":
      return undefined;
  }
}
