import type { TierName } from "../routing/catalog.ts";
import type { FailureKind } from "../routing/failure.ts";

/** What one attempt used and cost: the ledger's one kind of entry, never changed once written. */
export interface AttemptRecord {
  /** Milliseconds since the epoch at the attempt's end. */
  readonly time: number;
  readonly decisionId: string;
  readonly traceId: string;
  readonly caller: string;
  /** As the caller set them. */
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined where the call named a model. */
  readonly tier: TierName | undefined;
  readonly model: string;
  readonly deployment: string;
  readonly arm: "stable" | "canary";
  readonly keyId: string;
  readonly outcome: "succeeded" | "failed" | "cancelled" | "hedge-lost";
  /** With `failed` and `cancelled`. */
  readonly failure: FailureKind | undefined;
  /** Totals include their parts; zeros where nothing was used. */
  readonly tokens: {
    readonly input: number;
    readonly cachedInput: number;
    readonly output: number;
    readonly reasoning: number;
    /** True where they were counted by us, because the upstream did not say. */
    readonly estimated: boolean;
  };
  /** Undefined: unpriced. */
  readonly costNanos: bigint | undefined;
  readonly latencyMs: number;
  /** Undefined: unary, or no content came. */
  readonly firstTokenMs: number | undefined;
}

/** Sums over attempts. */
export interface LedgerTotals {
  readonly attempts: number;
  /** Of these, the ones that failed. */
  readonly failed: number;
  /** Attempts that used tokens of a model without a price: their cost is in no sum. */
  readonly unpriced: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costNanos: bigint;
}

/** Where attempts are accounted. Recording never fails and never waits. */
export interface Ledger {
  readonly record: (attempt: AttemptRecord) => void;
  readonly totals: () => LedgerTotals;
}
