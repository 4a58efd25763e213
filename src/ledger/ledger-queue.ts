import type { AttemptRecord } from "./ledger.ts";

/** Records that wait to be written, oldest first. */
export interface LedgerQueue {
  /** False: there are as many as may wait, and this one is not kept. */
  readonly add: (record: AttemptRecord) => boolean;
  /** The oldest, at most that many; they stay until they are taken. */
  readonly head: (count: number) => readonly AttemptRecord[];
  /** The oldest that many are written. */
  readonly take: (count: number) => void;
  readonly size: () => number;
}

/**
 * What comes beyond `most` is refused, not the oldest pushed out: what is kept of a long outage is its beginning, whole.
 */
export function createLedgerQueue(most: number): LedgerQueue {
  let records: AttemptRecord[] = [];
  return {
    add: (record) => {
      if (records.length >= most) return false;
      records.push(record);
      return true;
    },
    head: (count) => records.slice(0, count),
    take: (count) => {
      records = records.slice(count);
    },
    size: () => records.length,
  };
}
