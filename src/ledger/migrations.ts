/** One step of the schema. Never changed once released: what a file or a database has is made of these. */
export interface Migration {
  /** From 1, without a gap. */
  readonly number: number;
  readonly name: string;
  /** One statement each, in the SQL that SQLite and PostgreSQL share. */
  readonly statements: readonly string[];
}

/**
 * The schema, the same in both stores. SQLite gives `BIGINT` its 64-bit integer, PostgreSQL does not know `INTEGER`
 * for one; times are in milliseconds since the epoch where their names end in `_ms`, durations and instants in
 * microseconds where they end in `_us`, and money is in nano-USD.
 */
export const migrations: readonly Migration[] = [
  {
    number: 1,
    name: "attempts",
    statements: [
      `CREATE TABLE switchyard_attempts (
        decision_id TEXT NOT NULL,
        number BIGINT NOT NULL,
        called_ms BIGINT NOT NULL,
        time_ms BIGINT NOT NULL,
        trace_id TEXT NOT NULL,
        caller TEXT NOT NULL,
        labels TEXT NOT NULL,
        tier TEXT,
        model TEXT NOT NULL,
        deployment TEXT NOT NULL,
        arm TEXT NOT NULL,
        compared BIGINT NOT NULL,
        rescue BIGINT NOT NULL,
        key_id TEXT NOT NULL,
        outcome TEXT NOT NULL,
        failure TEXT,
        input_tokens BIGINT NOT NULL,
        cached_input_tokens BIGINT NOT NULL,
        output_tokens BIGINT NOT NULL,
        reasoning_tokens BIGINT NOT NULL,
        tokens_estimated BIGINT NOT NULL,
        cost_nanos BIGINT,
        started_us BIGINT NOT NULL,
        latency_us BIGINT NOT NULL,
        first_token_us BIGINT,
        PRIMARY KEY (decision_id, number)
      )`,
      "CREATE INDEX switchyard_attempts_called ON switchyard_attempts (called_ms)",
    ],
  },
  {
    number: 2,
    name: "notes",
    statements: ["CREATE TABLE switchyard_notes (name TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL)"],
  },
];

/** The table of the steps that a store has taken. */
export const migrationTable = `CREATE TABLE IF NOT EXISTS switchyard_migrations (
  number BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  applied_ms BIGINT NOT NULL
)`;

/** Reads the last step that a store has taken, as `number`; 0 for none. */
export const lastMigration = "SELECT COALESCE(MAX(number), 0) AS number FROM switchyard_migrations";

/** What a store has to do before it can be used. */
export type MigrationPlan =
  | { readonly kind: "apply"; readonly pending: readonly Migration[] }
  /** A newer Switchyard wrote it. */
  | { readonly kind: "newer" };

/** @param applied the last step that the store has taken */
export function planMigrations(applied: number): MigrationPlan {
  if (applied > migrations.length) return { kind: "newer" };
  return { kind: "apply", pending: migrations.filter(({ number }) => number > applied) };
}
