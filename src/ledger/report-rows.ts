/** Calls that came in from `from` on and before `to`, in milliseconds since the epoch. */
export interface ReportWindow {
  readonly from: number;
  readonly to: number;
}

/** Sums over the calls of one arm, or over those that tried one model. */
export interface ReportRow {
  /** `stable`, `canary` or `none`; or the model. */
  readonly subject: string;
  readonly requests: bigint;
  /** Got an answer. */
  readonly answered: bigint;
  /** Of these, by another deployment than the one that failed them, or could not be called. */
  readonly rescued: bigint;
  /** Ended by their callers. */
  readonly cancelled: bigint;
  /** Refused for what they asked. */
  readonly refused: bigint;
  /** Got none, and not for their caller's sake. */
  readonly failed: bigint;
  /** Of the answered ones, from the start of the first attempt to the end of the last; in microseconds. */
  readonly latencySumUs: bigint;
  /** The smallest latency that 95 of 100 answered ones do not exceed; undefined where none was answered. */
  readonly latencyP95Us: bigint | undefined;
  readonly attempts: bigint;
  readonly attemptsSucceeded: bigint;
  readonly attemptsFailed: bigint;
  /** Used tokens of a model without a price. */
  readonly attemptsUnpriced: bigint;
  /** Their tokens were counted by us. */
  readonly attemptsEstimated: bigint;
  readonly inputTokens: bigint;
  readonly cachedInputTokens: bigint;
  readonly outputTokens: bigint;
  readonly costNanos: bigint;
}

/** What a store knows of a window. Every attempt is in one row of each list. */
export interface ReportRows {
  readonly arms: readonly ReportRow[];
  readonly models: readonly ReportRow[];
}

/** What a ledger says when asked for a report. */
export type ReportResult =
  | { readonly kind: "report"; readonly rows: ReportRows }
  /** Nothing is kept: the config says so. */
  | { readonly kind: "off" }
  /** The store could not be asked. */
  | { readonly kind: "unavailable"; readonly why: string };
