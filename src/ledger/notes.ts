import type { StoreResult } from "./store.ts";

/** Texts by name that replicas share: what one of them decided for all. */
export interface LedgerNotes {
  /** The last one written under this name; undefined for none. */
  readonly read: (name: string) => Promise<StoreResult<string | undefined>>;
  readonly write: (name: string, text: string) => Promise<StoreResult<void>>;
}
