import { Pool, type PoolClient, type QueryResultRow } from "pg";
import { settledWithin } from "../telemetry/settled-within.ts";
import { attemptColumns } from "./attempt-row.ts";
import { lastMigration, migrationTable, planMigrations } from "./migrations.ts";
import { postgresProblem, SchemaIsNewer } from "./postgres-problem.ts";
import type { ReportRows } from "./report-rows.ts";
import { armReportSql, modelReportSql, reportRow } from "./report-sql.ts";
import { spendingRow, spendingSql } from "./spending.ts";
import { type LedgerStore, storeFailed, type StoreResult } from "./store.ts";

const connectMs = 3_000;
/** A statement that takes longer has failed: its connection is given up. */
const statementMs = 10_000;
const reportMs = 120_000;
const closeMs = 2_000;

// Of all replicas one makes the schema, the others wait. Any number will do that no one else uses here.
const migrationLock = 0x53_57_59_44;

/**
 * A ledger in PostgreSQL, which replicas share. Nothing is connected before the first question; a server that is
 * away is a problem each time, and none once it is back.
 * @param url with its credentials, which no message repeats
 */
export function createPostgresStore(url: string): LedgerStore {
  const pool = new Pool({
    connectionString: url,
    connectionTimeoutMillis: connectMs,
    query_timeout: statementMs,
    // Writes, deletes of what is old, and a report.
    max: 3,
    application_name: "switchyard",
    keepAlive: true,
  });
  // Of connections that nobody uses at the time; the next question finds out by itself.
  pool.on("error", () => {});
  // Of one that a transaction has: the pool does not listen then, and what the transaction was at fails by itself.
  pool.on("connect", (client) => client.on("error", () => {}));
  let migrated: Promise<void> | undefined;
  let closed = false;

  const ready = (): Promise<void> => {
    migrated ??= migrate(pool).catch((error: unknown) => {
      migrated = undefined;
      throw error;
    });
    return migrated;
  };

  const ask = async <T>(work: () => Promise<T>): Promise<StoreResult<T>> => {
    if (closed) return storeFailed("CLOSED", "the ledger is closed");
    try {
      await ready();
      return { kind: "done", value: await work() };
    } catch (error) {
      return postgresProblem(error);
    }
  };

  return {
    place: placeOf(url),
    append: (rows) =>
      ask(async () => {
        // A column at a time: one statement, however many rows. It has no name: poolers between us and the server
        // give each transaction another connection.
        const columns = attemptColumns.map((_, index) => rows.map((row) => row[index] ?? null));
        await pool.query(appendSql, columns);
      }),
    report: ({ from, to }) =>
      ask(() =>
        inTransaction(pool, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", async (client) => {
          const rows = async (text: string): Promise<ReportRows["arms"]> => {
            const query = { text, values: [from, to], query_timeout: reportMs };
            return (await client.query<QueryResultRow>(query)).rows.map(reportRow);
          };
          return { arms: await rows(armReportSql), models: await rows(modelReportSql) };
        }),
      ),
    spending: ({ from, to }) =>
      ask(async () => {
        const query = { text: spendingSql, values: [from, to], query_timeout: reportMs };
        return (await pool.query<QueryResultRow>(query)).rows.map(spendingRow);
      }),
    prune: (before, atMost) => ask(async () => (await pool.query(pruneSql, [before, atMost])).rowCount ?? 0),
    notes: {
      read: (name) =>
        ask(async () => {
          const { rows } = await pool.query<{ text: string }>(readNoteSql, [name]);
          return rows[0]?.text;
        }),
      write: (name, text) => ask(async () => void (await pool.query(writeNoteSql, [name, text]))),
    },
    close: async () => {
      if (closed) return;
      closed = true;
      // It waits for what is under way, and for a server that may be gone.
      await settledWithin(
        closeMs,
        () => pool.end(),
        () => {},
      );
    },
  };
}

const names = attemptColumns.map(({ name }) => name).join(", ");
const arrays = attemptColumns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(", ");

// Repeating it adds nothing: a commit whose answer was lost is asked for again.
const appendSql = `INSERT INTO switchyard_attempts (${names}) SELECT * FROM unnest(${arrays}) ON CONFLICT DO NOTHING`;

const pruneSql = `DELETE FROM switchyard_attempts WHERE (decision_id, number) IN (
  SELECT decision_id, number FROM switchyard_attempts WHERE called_ms < $1 ORDER BY called_ms LIMIT $2)`;

const readNoteSql = "SELECT text FROM switchyard_notes WHERE name = $1";

const writeNoteSql = `INSERT INTO switchyard_notes VALUES ($1, $2)
  ON CONFLICT (name) DO UPDATE SET text = EXCLUDED.text`;

async function migrate(pool: Pool): Promise<void> {
  await inTransaction(pool, "BEGIN", async (client) => {
    await client.query("SELECT pg_advisory_xact_lock($1)", [migrationLock]);
    await client.query(migrationTable);
    const applied = await client.query<{ number: string }>(lastMigration);
    const plan = planMigrations(Number(applied.rows[0]?.number));
    if (plan.kind === "newer") throw new SchemaIsNewer();
    for (const { number, name, statements } of plan.pending) {
      for (const statement of statements) await client.query(statement);
      await client.query("INSERT INTO switchyard_migrations VALUES ($1, $2, $3)", [number, name, Date.now()]);
    }
  });
}

async function inTransaction<T>(
  pool: Pool,
  begin: string,
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const client = await pool.connect();
  try {
    await client.query(begin);
    const value = await work(client);
    await client.query("COMMIT");
    client.release();
    return value;
  } catch (error) {
    // The connection goes with whatever it was at; the server rolls back.
    client.release(true);
    throw error;
  }
}

/** Host, port and database alone. */
function placeOf(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? "PostgreSQL" : `postgres://${parsed.host}${parsed.pathname}`;
}
