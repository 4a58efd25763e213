import type { Failure } from "../routing/failure.ts";

/** The quota of a key as its upstream reports it. The tighter of requests and tokens. */
export interface KeyQuota {
  /** 0 to 1. */
  readonly remainingShare: number;
  /** Milliseconds until the quota is whole again. */
  readonly resetMs: number | undefined;
}

/** A key taken for one attempt. Settle it exactly once. */
export interface KeyLease {
  /** The configured alias; never any part of the key. */
  readonly keyId: string;
  /** Undefined failure: the upstream accepted the key. */
  readonly settle: (failure: Failure | undefined, quota: KeyQuota | undefined) => void;
}

/** State of one key as operators see it. */
export interface KeySnapshot {
  readonly keyId: string;
  readonly state: "usable" | "cooling" | "quarantined";
  /** Instant on the pool's clock from which it is usable again; undefined while usable. */
  readonly readyAt: number | undefined;
  readonly inFlight: number;
  /** Instant at which its secret was last read. */
  readonly loadedAt: number;
}

/**
 * The keys of one upstream. What a call learns about a key is remembered across calls: a 429 cools it for
 * that model, a 401 quarantines it, a spent quota rests it. Instants are on the monotonic clock given to it.
 */
export interface KeyPool {
  readonly size: number;
  /**
   * The usable key with most quota left, then least in flight, then first in the config.
   * @param exclude ids already tried in this visit
   */
  readonly pick: (upstreamModel: string, exclude: ReadonlySet<string>) => KeyLease | undefined;
  /**
   * When the next key is usable for this model, and why none is now; undefined when one is.
   * `rate-limited` where any key merely cools, `quarantined` where all are refused.
   */
  readonly blocked: (
    upstreamModel: string,
  ) => { readonly readyAt: number; readonly why: "rate-limited" | "quarantined" } | undefined;
  readonly snapshot: () => readonly KeySnapshot[];
}
