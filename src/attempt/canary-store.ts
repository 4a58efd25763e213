import type { RollbackRule } from "../routing/canary-verdict.ts";

/** Where a canary stands. */
export type CanaryStanding =
  /** Its share of the calls, 0 to 10000 basis points. */
  | { readonly kind: "trying"; readonly weightBasisPoints: number }
  /** No call goes there by itself until an operator says so. */
  | {
      readonly kind: "rolled-back";
      readonly rule: RollbackRule;
      /** In a sentence. */
      readonly why: string;
      /** Milliseconds since the epoch. */
      readonly at: number;
    };

/** What must outlive the process. */
export interface SavedCanary {
  /** Between which upstreams; another pair is another canary. */
  readonly stable: string;
  readonly canary: string;
  /** The config's share when it was saved: a config that says something new is obeyed. */
  readonly configuredBasisPoints: number;
  /** Milliseconds since the epoch. Of two that were saved the later one holds. */
  readonly changedAt: number;
  readonly standing: CanaryStanding;
}

/** What a store had. `unreadable`: there may be something, and nobody knows what. */
export type LoadedCanary =
  | { readonly kind: "nothing" }
  | { readonly kind: "saved"; readonly saved: SavedCanary }
  | { readonly kind: "unreadable" };

/** Keeps where a canary stands, for this process after its restart and for others that share the store. Never rejects. */
export interface CanaryStore {
  readonly load: () => Promise<LoadedCanary>;
  /** False where it could not be kept. */
  readonly save: (saved: SavedCanary) => Promise<boolean>;
}
