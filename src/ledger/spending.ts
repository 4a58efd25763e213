/** What one caller spent under one set of labels. */
export interface Spending {
  readonly caller: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly costNanos: bigint;
}

/** Sums of what was priced, in the SQL that both stores share; `$1` and `$2` are the window. */
export const spendingSql = `
  SELECT caller, labels, SUM(cost_nanos) AS cost_nanos
  FROM switchyard_attempts
  WHERE called_ms >= $1 AND called_ms < $2 AND cost_nanos IS NOT NULL
  GROUP BY caller, labels`;

/** A row as a driver gives it. */
export function spendingRow(raw: Readonly<Record<string, unknown>>): Spending {
  return {
    caller: String(raw["caller"]),
    // Written by us: an object of texts.
    labels: JSON.parse(String(raw["labels"])) as Record<string, string>,
    costNanos: BigInt(String(raw["cost_nanos"])),
  };
}
