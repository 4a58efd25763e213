import type { ObservableResult } from "@opentelemetry/api";
import { metricLabel } from "./names.ts";
import type { SpanSource } from "./span-source.ts";

/** How the keeping of the ledger goes, as metrics. */
export interface LedgerMetrics {
  readonly written: (records: number) => void;
  /** They are not kept. */
  readonly dropped: (records: number) => void;
  /** A write that failed, and will be tried again. */
  readonly failed: () => void;
  /** Reports how many wait at each collection. Returns how to stop. */
  readonly observe: (waiting: () => number) => () => void;
}

/** Of the one ledger of this process. */
export function createLedgerMetrics({ instruments }: Pick<SpanSource, "instruments">): LedgerMetrics {
  return {
    written: (records) => instruments.ledgerRecords.add(records, { [metricLabel.outcome]: "written" }),
    dropped: (records) => instruments.ledgerRecords.add(records, { [metricLabel.outcome]: "dropped" }),
    failed: () => instruments.ledgerFailures.add(1),
    observe: (waiting) => {
      const report = (result: ObservableResult): void => result.observe(waiting());
      instruments.ledgerWaiting.addCallback(report);
      return () => instruments.ledgerWaiting.removeCallback(report);
    },
  };
}
