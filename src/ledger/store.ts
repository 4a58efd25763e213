import type { AttemptRow } from "./attempt-row.ts";
import type { LedgerNotes } from "./notes.ts";
import type { ReportRows, ReportWindow } from "./report-rows.ts";
import type { Spending } from "./spending.ts";

/**
 * Where records are kept for good: a file or a database. Whatever a disk or a network does is a value; nothing here
 * rejects.
 */
export interface LedgerStore {
  /** For messages; never a credential. */
  readonly place: string;
  /** Done: they are there, all of them once, whether or not some were there before. Failed: try again. */
  readonly append: (rows: readonly AttemptRow[]) => Promise<StoreResult<void>>;
  readonly report: (window: ReportWindow) => Promise<StoreResult<ReportRows>>;
  readonly spending: (window: ReportWindow) => Promise<StoreResult<readonly Spending[]>>;
  /**
   * Deletes attempts of calls that came in before an instant, the oldest first, and says how many.
   * @param atMost so that nobody waits long for the store meanwhile
   */
  readonly prune: (before: number, atMost: number) => Promise<StoreResult<number>>;
  /** Undefined where nobody shares them: a file has other files beside it for what is its own. */
  readonly notes: LedgerNotes | undefined;
  /** What is under way fails. */
  readonly close: () => Promise<void>;
}

/** What a store was asked for, or why not. */
export type StoreResult<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "failed"; readonly problem: StoreProblem };

/** Why a store did not do what it was asked. */
export interface StoreProblem {
  /** The store's own code, such as `SQLITE_FULL` or `ECONNREFUSED`. */
  readonly code: string;
  /** Our own sentence. */
  readonly message: string;
}

/** A result that failed. */
export function storeFailed(code: string, message: string): StoreResult<never> {
  return { kind: "failed", problem: { code, message } };
}
