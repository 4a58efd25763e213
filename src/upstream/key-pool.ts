import type { Failure } from "../routing/failure.ts";

/** The quota of a key as its upstream reports it. The tighter of requests and tokens. */
export interface KeyQuota {
  /** 0 to 1. */
  readonly remainingShare: number;
  /** Milliseconds until the quota is whole again. */
  readonly resetMs: number | undefined;
}

/**
 * A key with one secret, as a pool hands it out; nothing of the secret is in it. Compared by identity: once its secret
 * has changed it is another key, under the same id.
 */
export interface LeasedKey {
  /** The configured alias. */
  readonly id: string;
}

/** A key taken for one attempt. Settle it exactly once. */
export interface KeyLease {
  readonly key: LeasedKey;
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
  /** Instant from which it has had its secret. */
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
   * @param exclude keys already tried in this visit; one that got another secret meanwhile is not among them
   */
  readonly pick: (upstreamModel: string, exclude: ReadonlySet<LeasedKey>) => KeyLease | undefined;
  /**
   * When the next key is usable for this model, and why none is now; undefined when one is.
   * `rate-limited` where any key merely cools, `quarantined` where all are refused.
   */
  readonly blocked: (
    upstreamModel: string,
  ) => { readonly readyAt: number; readonly why: "rate-limited" | "quarantined" } | undefined;
  readonly snapshot: () => readonly KeySnapshot[];
}

/** A key as a pool is given it. */
export interface PoolKey extends LeasedKey {
  /** Tells one secret from another and shows none of it. */
  readonly fingerprint: string;
}

/** What one process learned of a key, as a message to others that use the same: nothing of the secret is in it. */
export type KeyFact = {
  readonly keyId: string;
  /** Of the secret: what is known of it says nothing of its successor. */
  readonly fingerprint: string;
  /** Milliseconds for which it holds. No instant: clocks of two processes differ. */
  readonly ttlMs: number;
} & (
  | { readonly why: "unauthorized" | "quota-exhausted" }
  | { readonly why: "forbidden" | "rate-limited"; readonly upstreamModel: string }
);

/** A pool whose keys can be replaced, and that shares what it learns with the pools of other processes. */
export interface ReplaceableKeyPool extends KeyPool {
  /**
   * From now on these are the keys. One whose id and secret were there before stays what it is, with all that is known
   * of it; any other begins anew. Leases of keys that are gone settle as ever, and say nothing of those that came.
   */
  readonly replace: (keys: readonly PoolKey[]) => void;
  /** Takes up what another process learned. A fact of a key or a secret that is not there says nothing. */
  readonly learn: (fact: KeyFact) => void;
}
