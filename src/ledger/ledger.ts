import type { Arm } from "../routing/canary-arm.ts";
import type { TierName } from "../routing/catalog.ts";
import type { FailureKind } from "../routing/failure.ts";
import type { LedgerNotes } from "./notes.ts";
import type { ReportResult, ReportWindow } from "./report-rows.ts";
import type { Spending } from "./spending.ts";

/** What one attempt used and cost: the ledger's one kind of entry, never changed once written. */
export interface AttemptRecord {
  /** Milliseconds since the epoch at the attempt's end. */
  readonly time: number;
  /** Milliseconds since the epoch at which its call came in: the same for every attempt of a call. */
  readonly calledAt: number;
  readonly decisionId: string;
  /** From 1 within its call. 0: the call ended without any attempt, and this is what it leaves. */
  readonly number: number;
  readonly traceId: string;
  readonly caller: string;
  /** As the caller set them. */
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined where the call named a model. */
  readonly tier: TierName | undefined;
  readonly model: string;
  /** Empty with number 0. */
  readonly deployment: string;
  /** The arm that was assigned. */
  readonly arm: Arm;
  /** The call counts where the arms of a canary are compared. */
  readonly compared: boolean;
  /** By another deployment than the one that the call went to first. */
  readonly rescue: boolean;
  /** Empty with number 0. */
  readonly keyId: string;
  /** `skipped`, with number 0 alone: no candidate could be called. */
  readonly outcome: "succeeded" | "failed" | "cancelled" | "hedge-lost" | "skipped";
  /** Undefined with `succeeded` alone. */
  readonly failure: FailureKind | "none-available" | undefined;
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
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
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

/** Where attempts are accounted. */
export interface Ledger {
  /** Never fails and never waits; what cannot be kept is counted and told. */
  readonly record: (attempt: AttemptRecord) => void;
  /** Resolves once what is recorded by now is written, or cannot be. */
  readonly flush: () => Promise<void>;
  /** Since the process started. */
  readonly totals: () => LedgerTotals;
  /** What is recorded by now is in it. */
  readonly report: (window: ReportWindow) => Promise<ReportResult>;
  /** By caller and labels; nothing where nothing is kept, or the store could not be asked. */
  readonly spending: (window: ReportWindow) => Promise<readonly Spending[]>;
  /** Undefined where no replica shares them. */
  readonly notes: LedgerNotes | undefined;
  /** Keeps what was recorded, if that takes no more than some seconds; never rejects. */
  readonly close: () => Promise<void>;
}
