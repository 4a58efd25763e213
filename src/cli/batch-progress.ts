import { formatMs } from "./duration.ts";
import { formatUsd } from "./money.ts";

/** How far a batch has come. */
export interface BatchProgress {
  readonly lines: number;
  /** With a result, those of earlier runs included. */
  readonly done: number;
  /** With a result of this run. */
  readonly doneNow: number;
  readonly failed: number;
  readonly costNanos: bigint;
  /** Of this run, in milliseconds. */
  readonly elapsedMs: number;
}

const width = 24;

/** `[######..................] 25 %  250/1000  2.0/s  $0.0123  2 failed  6 min left`. */
export function formatProgress(progress: BatchProgress): string {
  const { lines, done, doneNow, failed, costNanos, elapsedMs } = progress;
  const share = lines === 0 ? 1 : done / lines;
  const filled = Math.round(share * width);
  const perSecond = elapsedMs > 0 ? (doneNow / elapsedMs) * 1000 : 0;
  const left = perSecond > 0 && done < lines ? `${formatMs(((lines - done) / perSecond) * 1000)} left` : "";
  return [
    `[${"#".repeat(filled)}${".".repeat(width - filled)}] ${Math.floor(share * 100)} %`,
    `${done}/${lines}`,
    `${perSecond.toFixed(1)}/s`,
    formatUsd(costNanos),
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...(left === "" ? [] : [left]),
  ].join("  ");
}
