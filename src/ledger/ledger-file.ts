import { closeSync, existsSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { attemptColumns, type AttemptRow } from "./attempt-row.ts";
import { lastMigration, type Migration, migrationTable, planMigrations } from "./migrations.ts";
import type { ReportRows, ReportWindow } from "./report-rows.ts";
import { type Spending, spendingRow, spendingSql } from "./spending.ts";
import { armReportSql, modelReportSql, reportRow } from "./report-sql.ts";

/** An open ledger in SQLite. Its functions throw what SQLite throws; `sqlite-problem.ts` names it. */
export interface LedgerFile {
  /** All of them or none; those that are there already stay as they are. */
  readonly append: (rows: readonly AttemptRow[]) => void;
  readonly report: (window: ReportWindow) => ReportRows;
  readonly spending: (window: ReportWindow) => readonly Spending[];
  readonly prune: (before: number, atMost: number) => number;
  readonly close: () => void;
}

/** A file that is no ledger, or cannot become one, whatever is waited for. The message says what to do. */
export class LedgerFileRefused extends Error {
  override readonly name = "LedgerFileRefused";
}

// "SWYD": how a file says whose it is.
const applicationId = 0x53_57_59_44;

/** How long a write waits for another process that writes to the same file. */
const busyMs = 5_000;

/** Opens the ledger at this path, or makes one, readable by its owner alone. */
export function openLedgerFile(path: string): LedgerFile {
  createOwn(path);
  const database = new DatabaseSync(path, { timeout: busyMs });
  try {
    isLedger(database, path);
    // Readers and a writer do not wait for each other, and a process that is killed leaves nothing half-written.
    const mode = database.prepare("PRAGMA journal_mode = WAL").get()?.["journal_mode"];
    // With a write-ahead log a commit that was not synced is lost by a power cut alone, never torn, and never lost
    // by the end of a process; a rollback journal (some network disks know nothing else) needs every sync.
    database.exec(`PRAGMA synchronous = ${mode === "wal" ? "NORMAL" : "FULL"}`);
    database.exec("PRAGMA journal_size_limit = 67108864");
    migrate(database, path);
    return useFile(database);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** SQLite would let everybody read it. The files beside it take its permissions. */
function createOwn(path: string): void {
  if (!existsSync(dirname(path))) {
    throw new LedgerFileRefused(`the folder of the ledger does not exist: ${dirname(path)}; create it`);
  }
  if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
  else if (statSync(path).isDirectory()) {
    throw new LedgerFileRefused(`the ledger's path is a folder: ${path}; name a file in ledger.path`);
  }
}

/** Whose file it is. Asked before anything is written: one of another program stays as it is. */
function isLedger(database: DatabaseSync, path: string): boolean {
  if (database.prepare("PRAGMA application_id").get()?.["application_id"] === applicationId) return true;
  const { count } = database.prepare("SELECT count(*) AS count FROM sqlite_schema").get() ?? {};
  if (count === 0) return false;
  throw new LedgerFileRefused(
    `${path} is a database of another program, not a ledger; name another file in ledger.path`,
  );
}

function pendingMigrations(database: DatabaseSync, path: string): readonly Migration[] {
  const plan = planMigrations(Number(database.prepare(lastMigration).get()?.["number"]));
  if (plan.kind === "apply") return plan.pending;
  throw new LedgerFileRefused(
    `${path} was written by a newer Switchyard; run that one, or name another file in ledger.path`,
  );
}

function migrate(database: DatabaseSync, path: string): void {
  // Nothing to do is the rule, and must not wait for whoever writes.
  if (isLedger(database, path) && pendingMigrations(database, path).length === 0) return;
  inTransaction(database, () => {
    // Somebody else may have made it into something meanwhile.
    isLedger(database, path);
    database.exec(migrationTable);
    const note = database.prepare("INSERT INTO switchyard_migrations VALUES (?, ?, ?)");
    for (const { number, name, statements } of pendingMigrations(database, path)) {
      for (const statement of statements) database.exec(statement);
      note.run(number, name, Date.now());
    }
    database.exec(`PRAGMA application_id = ${applicationId}`);
  });
}

const insertSql = `INSERT INTO switchyard_attempts (${attemptColumns.map(({ name }) => name).join(", ")})
  VALUES (${attemptColumns.map(() => "?").join(", ")})
  ON CONFLICT DO NOTHING`;

const pruneSql = `DELETE FROM switchyard_attempts WHERE rowid IN (
  SELECT rowid FROM switchyard_attempts WHERE called_ms < ? ORDER BY called_ms LIMIT ?)`;

function useFile(database: DatabaseSync): LedgerFile {
  const insert = database.prepare(insertSql);
  const prune = database.prepare(pruneSql);
  return {
    append: (rows) =>
      inTransaction(database, () => {
        for (const row of rows) insert.run(...row);
      }),
    report: ({ from, to }) => {
      const rows = (sql: string): ReportRows["arms"] => {
        const statement = database.prepare(sql);
        statement.setReadBigInts(true);
        return statement.all({ $1: from, $2: to }).map(reportRow);
      };
      // Both see the same attempts.
      database.exec("BEGIN");
      try {
        return { arms: rows(armReportSql), models: rows(modelReportSql) };
      } finally {
        database.exec("COMMIT");
      }
    },
    spending: ({ from, to }) => {
      const statement = database.prepare(spendingSql);
      statement.setReadBigInts(true);
      return statement.all({ $1: from, $2: to }).map(spendingRow);
    },
    prune: (before, atMost) => Number(prune.run(before, atMost).changes),
    close: () => database.close(),
  };
}

function inTransaction(database: DatabaseSync, work: () => void): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    work();
    database.exec("COMMIT");
  } catch (error) {
    // SQLite has rolled back by itself where the disk is full.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}
