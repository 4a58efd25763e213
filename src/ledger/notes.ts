/** Texts by name that replicas share: what one of them decided for all. */
export interface LedgerNotes {
  /** The last one written under this name; undefined for none. */
  readonly read: (name: string) => Promise<NoteResult<string | undefined>>;
  readonly write: (name: string, text: string) => Promise<NoteResult<void>>;
}

/** What was asked for, or that the store could not be asked. */
type NoteResult<T> = { readonly kind: "done"; readonly value: T } | { readonly kind: "failed" };
