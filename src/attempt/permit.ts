/** The right to one call through a breaker. Settle it exactly once; later settlements do nothing. */
export interface Permit {
  /** True for the one probe of a half-open breaker. */
  readonly trial: boolean;
  success(): void;
  failure(): void;
  /** Neither: the caller left, or what failed says nothing about the deployment. */
  ignore(): void;
  /**
   * Failed after it had succeeded for a while: a stream that broke after its first content. The one settlement
   * that may follow another: after `success` it adds a failure to the call that was counted then.
   */
  lateFailure(): void;
  /** The answer says that no call can succeed for `ms`: opens the breaker for so long. */
  trip(ms: number): void;
}

export type BreakerStateName = "closed" | "open" | "half-open";

export interface BreakerSnapshot {
  readonly state: BreakerStateName;
  /** Instant of the last change on the monotonic clock; 0 if it never changed. */
  readonly changedAt: number;
  /** While open: when the next probe may go. Undefined otherwise. */
  readonly probeAt: number | undefined;
  /** Failed share of the window, parts per million. */
  readonly failurePpm: number;
}

/** opossum behind permits. */
export interface Breaker {
  readonly name: string;
  /** Cheap, unlike a snapshot, which adds up its window. */
  readonly state: () => BreakerStateName;
  readonly snapshot: () => BreakerSnapshot;
  /** Instant from which a permit may be had: 0 when now; Infinity while a probe is under way. */
  readonly readyAt: () => number;
  /**
   * @param deadline by when a probe will be settled; one that is not counts as failed a second later.
   * Not needed to be right: without it the probe has two and a half minutes.
   */
  readonly tryAcquire: (deadline?: number) => Permit | undefined;
  /** Opens it for `ms`, whatever its counts: a 404 for the model, an operator. */
  readonly trip: (ms: number) => void;
  /** Closes it and clears its counts. */
  readonly reset: () => void;
  /** Gives back its timer for good. Calls that are still under way may go on using it. */
  readonly close: () => void;
}
