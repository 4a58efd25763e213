import { setTimeout as sleep } from "node:timers/promises";
import type { ReportRows } from "./report-rows.ts";
import { type FileThread, startFileThread } from "./file-thread.ts";
import type { ThreadWork } from "./sqlite-messages.ts";
import type { Spending } from "./spending.ts";
import { fileRefusedCode } from "./sqlite-problem.ts";
import { type LedgerStore, type StoreProblem, storeFailed, type StoreResult } from "./store.ts";

/** A file as a store, or why it cannot be one. */
export type SqliteOpening =
  | {
      readonly kind: "opened";
      readonly store: LedgerStore;
      /** What keeps it from being used now; it is tried again each time. */
      readonly problem: StoreProblem | undefined;
    }
  | { readonly kind: "refused"; readonly why: string };

/** A start does not wait longer for a disk. */
const openMs = 5_000;
const ledgerClosed = storeFailed("CLOSED", "the ledger is closed");
const openLate = storeFailed("LATE", `the ledger's file could not be opened within ${openMs / 1000} s`);

/**
 * Opens a ledger in a file, and makes it where there is none. A disk that is full, read-only or slow is a problem
 * that may pass; a file that is no ledger is refused.
 * @param path absolute
 */
export async function openSqliteStore(path: string): Promise<SqliteOpening> {
  let writer = startFileThread(path);
  const opened = await Promise.race([writer.ask({ kind: "open" }), sleep(openMs, openLate, { ref: false })]);
  const problem = opened.kind === "failed" ? opened.problem : undefined;
  const refusal = problem && refusalOf(problem, path);
  if (refusal !== undefined) {
    await writer.close();
    return { kind: "refused", why: refusal };
  }
  let closed = false;
  const write = (work: ThreadWork): Promise<StoreResult<unknown>> => {
    if (closed) return Promise.resolve(ledgerClosed);
    if (writer.ended()) writer = startFileThread(path);
    return writer.ask(work);
  };
  let reader: FileThread | undefined;
  const readAlone = async (work: ThreadWork): Promise<StoreResult<unknown>> => {
    if (closed) return ledgerClosed;
    const thread = startFileThread(path);
    reader = thread;
    const result = await thread.ask(work);
    await thread.close();
    return result;
  };
  let lastRead: Promise<unknown> = Promise.resolve();
  // By a thread of its own: what is recorded meanwhile must not wait for a long report to be safe. One at a time.
  const read = (work: ThreadWork): Promise<StoreResult<unknown>> => {
    const result = lastRead.then(() => readAlone(work));
    lastRead = result;
    return result;
  };
  // What a thread answers to a question is of the question's type: both ends are ours.
  return {
    kind: "opened",
    problem,
    store: {
      place: path,
      append: (rows) => write({ kind: "append", rows }) as Promise<StoreResult<void>>,
      prune: (before, atMost) => write({ kind: "prune", before, atMost }) as Promise<StoreResult<number>>,
      report: (window) => read({ kind: "report", window }) as Promise<StoreResult<ReportRows>>,
      spending: (window) => read({ kind: "spending", window }) as Promise<StoreResult<readonly Spending[]>>,
      notes: undefined,
      close: async () => {
        closed = true;
        await Promise.all([writer.close(), reader?.close()]);
      },
    },
  };
}

/** Undefined where it may pass. */
function refusalOf({ code, message }: StoreProblem, path: string): string | undefined {
  switch (code) {
    case fileRefusedCode:
      return message;
    case "SQLITE_NOTADB":
      return `${path} is not a database; name another file in ledger.path`;
    case "SQLITE_CORRUPT":
      return `${path} is damaged; move it away and restore it, or start without it`;
    default:
      return undefined;
  }
}
