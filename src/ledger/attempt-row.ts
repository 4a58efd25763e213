import type { AttemptRecord } from "./ledger.ts";

/** A record as a table keeps it, in the order of {@link attemptColumns}. `null` is SQL's. */
export type AttemptRow = readonly AttemptValue[];

type AttemptValue = string | number | bigint | null;

/** One column of the table of attempts. Its SQL type is in the migration that made it. */
export interface AttemptColumn {
  readonly name: string;
  readonly type: "text" | "bigint";
  readonly value: (record: AttemptRecord) => AttemptValue;
}

/** Every column of `switchyard_attempts`. */
export const attemptColumns: readonly AttemptColumn[] = [
  { name: "decision_id", type: "text", value: (record) => text(record.decisionId) },
  { name: "number", type: "bigint", value: (record) => whole(record.number) },
  { name: "called_ms", type: "bigint", value: (record) => whole(record.calledAt) },
  { name: "time_ms", type: "bigint", value: (record) => whole(record.time) },
  { name: "trace_id", type: "text", value: (record) => text(record.traceId) },
  { name: "caller", type: "text", value: (record) => text(record.caller) },
  // JSON escapes by itself what databases refuse in a text.
  { name: "labels", type: "text", value: (record) => JSON.stringify(record.labels) },
  { name: "tier", type: "text", value: (record) => record.tier ?? null },
  { name: "model", type: "text", value: (record) => text(record.model) },
  { name: "deployment", type: "text", value: (record) => text(record.deployment) },
  { name: "arm", type: "text", value: (record) => record.arm },
  { name: "compared", type: "bigint", value: (record) => flag(record.compared) },
  { name: "rescue", type: "bigint", value: (record) => flag(record.rescue) },
  { name: "key_id", type: "text", value: (record) => text(record.keyId) },
  { name: "outcome", type: "text", value: (record) => record.outcome },
  { name: "failure", type: "text", value: (record) => record.failure ?? null },
  { name: "input_tokens", type: "bigint", value: ({ tokens }) => whole(tokens.input) },
  {
    name: "cached_input_tokens",
    type: "bigint",
    // A part of the input never exceeds it, whatever an upstream says: sums of parts are priced later.
    value: ({ tokens }) => Math.min(whole(tokens.cachedInput), whole(tokens.input)),
  },
  { name: "output_tokens", type: "bigint", value: ({ tokens }) => whole(tokens.output) },
  { name: "reasoning_tokens", type: "bigint", value: ({ tokens }) => whole(tokens.reasoning) },
  { name: "tokens_estimated", type: "bigint", value: ({ tokens }) => flag(tokens.estimated) },
  { name: "cost_nanos", type: "bigint", value: ({ costNanos }) => nanos(costNanos) },
  { name: "started_us", type: "bigint", value: (record) => micros(record.startedAt) },
  { name: "latency_us", type: "bigint", value: (record) => micros(record.latencyMs) },
  {
    name: "first_token_us",
    type: "bigint",
    value: ({ firstTokenMs }) => (firstTokenMs === undefined ? null : micros(firstTokenMs)),
  },
];

/** A row that every store takes: a record that one refused would come back for ever. */
export function attemptRow(record: AttemptRecord): AttemptRow {
  return attemptColumns.map(({ value }) => value(record));
}

// PostgreSQL takes neither in a text.
function text(value: string): string {
  return value.replaceAll("\0", "").toWellFormed();
}

function whole(value: number): number {
  const rounded = Math.round(value);
  return Number.isSafeInteger(rounded) ? Math.max(0, rounded) : 0;
}

function micros(ms: number): number {
  return whole(ms * 1000);
}

function flag(value: boolean): number {
  return value ? 1 : 0;
}

const largestInteger = 2n ** 63n - 1n;

function nanos(cost: bigint | undefined): bigint | null {
  if (cost === undefined) return null;
  return cost > largestInteger ? largestInteger : cost;
}
