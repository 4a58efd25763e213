import type { LimiterOutcome, Slot } from "./limiter.ts";
import type { Permit } from "./permit.ts";

/** What an attempt's end says about its deployment and its upstream. */
export interface GrantVerdict {
  readonly breaker:
    | "success"
    | "failure"
    | "ignore"
    /** Says nothing of the deployment but that it answers (a 429): enough to close a half-open breaker. */
    | "success-if-probe"
    | "late-failure"
    | { readonly trip: number };
  /** Fed by failures to connect alone; any response is a success. */
  readonly upstreamBreaker: "success" | "failure" | "ignore";
  readonly limiter: LimiterOutcome;
}

/** The right to one attempt at one deployment. */
export interface Grant {
  /** True for the one probe of a half-open breaker, be it the deployment's or its upstream's. */
  readonly probe: boolean;
  /**
   * The first content is there: both breakers hear of a success now, not minutes later when the stream ends, so
   * that a probe lets others follow at once. The slot is kept. A failure that {@link Grant.settle} tells
   * afterwards counts as a late one.
   */
  committed(): void;
  /** The attempt is over. Exactly once; later settlements do nothing. */
  settle(verdict: GrantVerdict): void;
}

/** Ties together what one attempt holds. */
export function createGrant(permit: Permit, upstreamPermit: Permit, slot: Slot): Grant {
  return new TiedGrant(permit, upstreamPermit, slot);
}

class TiedGrant implements Grant {
  readonly #permit: Permit;
  readonly #upstreamPermit: Permit;
  readonly #slot: Slot;
  #phase: "pending" | "committed" | "settled" = "pending";

  constructor(permit: Permit, upstreamPermit: Permit, slot: Slot) {
    this.#permit = permit;
    this.#upstreamPermit = upstreamPermit;
    this.#slot = slot;
  }

  get probe(): boolean {
    return this.#permit.trial || this.#upstreamPermit.trial;
  }

  committed(): void {
    if (this.#phase !== "pending") return;
    this.#phase = "committed";
    this.#upstreamPermit.success();
    this.#permit.success();
  }

  settle(verdict: GrantVerdict): void {
    if (this.#phase === "settled") return;
    const late = this.#phase === "committed";
    this.#phase = "settled";
    this.#slot.release(verdict.limiter);
    settleUpstream(this.#upstreamPermit, verdict.upstreamBreaker);
    settleModel(this.#permit, verdict.breaker, late);
  }
}

/** After a success the permit takes none of these: that a connection came about stays true. */
function settleUpstream(permit: Permit, verdict: GrantVerdict["upstreamBreaker"]): void {
  switch (verdict) {
    case "success":
      return permit.success();
    case "failure":
      return permit.failure();
    case "ignore":
      return permit.ignore();
  }
}

function settleModel(permit: Permit, verdict: GrantVerdict["breaker"], late: boolean): void {
  if (typeof verdict === "object") return permit.trip(verdict.trip);
  switch (verdict) {
    case "success":
      return permit.success();
    case "failure":
      return late ? permit.lateFailure() : permit.failure();
    case "ignore":
      return permit.ignore();
    case "success-if-probe":
      return permit.trial ? permit.success() : permit.ignore();
    case "late-failure":
      return permit.lateFailure();
  }
}
