import { LedgerFileRefused } from "./ledger-file.ts";
import { storeFailed, type StoreResult } from "./store.ts";

/** The code of a file that waiting does not make into a ledger. */
export const fileRefusedCode = "LEDGER_REFUSED";

// SQLite's primary result codes, https://www.sqlite.org/rescode.html; the extended ones hold them in their low byte.
const sqliteProblems: ReadonlyMap<number, readonly [code: string, message: string]> = new Map([
  [5, ["SQLITE_BUSY", "another process keeps the ledger's file locked"]],
  [6, ["SQLITE_LOCKED", "another process keeps the ledger's file locked"]],
  [8, ["SQLITE_READONLY", "the ledger's file, or its folder, may not be written"]],
  [10, ["SQLITE_IOERR", "the disk of the ledger's file fails"]],
  [11, ["SQLITE_CORRUPT", "the ledger's file is damaged"]],
  [13, ["SQLITE_FULL", "the disk of the ledger's file is full"]],
  [14, ["SQLITE_CANTOPEN", "the ledger's file, or one beside it, cannot be opened"]],
  [26, ["SQLITE_NOTADB", "the ledger's file is not a database"]],
]);

const fileProblems: ReadonlyMap<string, string> = new Map([
  ["EACCES", "this user may not write the ledger's file"],
  ["EPERM", "this user may not write the ledger's file"],
  ["EROFS", "the disk of the ledger's file may not be written"],
  ["ENOSPC", "the disk of the ledger's file is full"],
  ["EDQUOT", "this user's share of the ledger's disk is full"],
  ["EMFILE", "this process has too many open files"],
]);

/** What a throw of SQLite, or of the file system below it, means for whoever keeps records there. */
export function sqliteProblem(thrown: unknown): StoreResult<never> {
  if (thrown instanceof LedgerFileRefused) return storeFailed(fileRefusedCode, thrown.message);
  if (!(thrown instanceof Error)) throw thrown;
  if ("errcode" in thrown && typeof thrown.errcode === "number") {
    const [code, message] = sqliteProblems.get(thrown.errcode & 0xff) ?? [
      `SQLITE_${thrown.errcode}`,
      "SQLite could not do it",
    ];
    return storeFailed(code, message);
  }
  const code = "code" in thrown ? String(thrown.code) : "";
  const message = fileProblems.get(code);
  // Anything else is a bug.
  if (message === undefined) throw thrown;
  return storeFailed(code, message);
}
