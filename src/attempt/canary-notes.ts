import type { CanaryStore, LoadedCanary } from "./canary-store.ts";
import { readCanaryText, writeCanaryText } from "./canary-text.ts";
import type { SetTimer } from "./timer.ts";

/** Texts by name in a store that replicas share. */
export interface SharedNotes {
  /** Undefined: there is none of this name. */
  readonly read: (name: string) => Promise<NoteResult<string | undefined>>;
  readonly write: (name: string, text: string) => Promise<NoteResult<void>>;
}

/** What the store was asked for, or that it could not be asked. */
type NoteResult<T> = { readonly kind: "done"; readonly value: T } | { readonly kind: "failed" };

const noteName = "canary";

/** A start does not wait longer for a database. The canary is off until its state can be read. */
const longestReadMs = 1_000;

/** Keeps the canary's standing where every replica sees it. */
export function createCanaryNotes(notes: SharedNotes, setTimer: SetTimer): CanaryStore {
  const load = async (): Promise<LoadedCanary> => {
    const read = await notes.read(noteName);
    if (read.kind === "failed") return { kind: "unreadable" };
    return read.value === undefined ? { kind: "nothing" } : readCanaryText(read.value);
  };
  return {
    load: () =>
      new Promise((resolve, reject) => {
        const late = setTimer(() => resolve({ kind: "unreadable" }), longestReadMs);
        load()
          .finally(() => late.cancel())
          .then(resolve, reject);
      }),
    save: async (saved) => (await notes.write(noteName, writeCanaryText(saved))).kind === "done",
  };
}
