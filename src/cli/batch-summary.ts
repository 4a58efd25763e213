import type { BatchProgress } from "./batch-progress.ts";
import { formatMs } from "./duration.ts";
import { formatUsd } from "./money.ts";
import { formatTable } from "./table.ts";

/** How a batch ended. */
export interface BatchSummary extends BatchProgress {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Where the results are. */
  readonly output: string;
  /** Lines by status, those of earlier runs included. */
  readonly outcomes: Readonly<Record<string, number>>;
}

/** What stands at the end of a batch. */
export function formatBatchSummary(summary: BatchSummary): string {
  const { lines, done, doneNow, elapsedMs, costNanos, inputTokens, outputTokens, output, outcomes } = summary;
  const rows = [
    ["lines", `${done} of ${lines}${done === doneNow ? "" : `, ${doneNow} of them now`}`],
    ...Object.entries(outcomes)
      .toSorted(([, a], [, b]) => b - a)
      .map(([status, count]) => [`  ${status}`, `${count}`]),
    ["tokens", `${inputTokens} in, ${outputTokens} out`],
    ["cost", formatUsd(costNanos)],
    ["time", formatMs(elapsedMs)],
    ["results", output],
  ];
  const rest = lines - done;
  const again = rest > 0 ? "\nrun the same command again for the rest" : "";
  return formatTable(rows) + again;
}
