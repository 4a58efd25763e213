import type { AttemptRow } from "../../src/ledger/attempt-row.ts";
import { type LedgerStore, storeFailed, type StoreResult } from "../../src/ledger/store.ts";

/** A store in memory that does what a test says. */
export interface ScriptedStore extends LedgerStore {
  /** Sizes of the batches it was asked to write, in order. */
  readonly asked: readonly number[];
  readonly rows: readonly AttemptRow[];
  readonly pruned: readonly { readonly before: number; readonly atMost: number }[];
  readonly isClosed: () => boolean;
  /** From now on: do it, fail with a code, or never answer. */
  readonly behave: (how: "well" | "hang" | { readonly code: string }) => void;
  /** Answers everything that hangs. */
  readonly release: () => void;
}

/** @param old how many rows there are to prune */
export function createScriptedStore(old = 0): ScriptedStore {
  const asked: number[] = [];
  const rows: AttemptRow[] = [];
  const pruned: { before: number; atMost: number }[] = [];
  const hanging = new Set<() => void>();
  let how: Parameters<ScriptedStore["behave"]>[0] = "well";
  let left = old;
  let closed = false;
  const answer = async <T>(work: () => T): Promise<StoreResult<T>> => {
    if (how === "hang") await new Promise<void>((resolve) => hanging.add(resolve));
    if (typeof how === "object") return storeFailed(how.code, "it cannot");
    return { kind: "done", value: work() };
  };
  return {
    notes: undefined,
    place: "memory",
    asked,
    rows,
    pruned,
    isClosed: () => closed,
    behave: (next) => {
      how = next;
    },
    release: () => {
      how = "well";
      for (const go of hanging) go();
      hanging.clear();
    },
    append: (batch) => {
      asked.push(batch.length);
      return answer(() => void rows.push(...batch));
    },
    report: () => answer(() => ({ arms: [], models: [] })),
    spending: () => answer(() => []),
    prune: (before, atMost) => {
      pruned.push({ before, atMost });
      return answer(() => {
        const gone = Math.min(left, atMost);
        left -= gone;
        return gone;
      });
    },
    close: () => {
      closed = true;
      return Promise.resolve();
    },
  };
}
