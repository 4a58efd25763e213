import type { AttemptRecord, Ledger, LedgerTotals } from "./ledger.ts";

const empty: LedgerTotals = {
  attempts: 0,
  failed: 0,
  unpriced: 0,
  inputTokens: 0,
  outputTokens: 0,
  costNanos: 0n,
};

/** A ledger that keeps sums alone, in memory, since the process started; its size does not grow. */
export function createCountingLedger(): Ledger {
  let sums = empty;
  return {
    record: (attempt) => {
      sums = plus(sums, attempt);
    },
    flush: () => Promise.resolve(),
    totals: () => sums,
    report: () => Promise.resolve({ kind: "off" }),
    spending: () => Promise.resolve([]),
    notes: undefined,
    close: () => Promise.resolve(),
  };
}

function plus(sums: LedgerTotals, attempt: AttemptRecord): LedgerTotals {
  if (attempt.number === 0) return sums;
  const used = attempt.tokens.input + attempt.tokens.output > 0;
  return {
    attempts: sums.attempts + 1,
    failed: sums.failed + (attempt.outcome === "failed" ? 1 : 0),
    unpriced: sums.unpriced + (used && attempt.costNanos === undefined ? 1 : 0),
    inputTokens: sums.inputTokens + attempt.tokens.input,
    outputTokens: sums.outputTokens + attempt.tokens.output,
    costNanos: sums.costNanos + (attempt.costNanos ?? 0n),
  };
}
