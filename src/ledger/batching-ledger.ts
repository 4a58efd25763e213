import { AsyncLocalStorage } from "node:async_hooks";
import { nominalBackoffMs } from "../routing/backoff.ts";
import { settledWithin } from "../telemetry/settled-within.ts";
import { attemptRow } from "./attempt-row.ts";
import { createCountingLedger } from "./counting-ledger.ts";
import type { Ledger } from "./ledger.ts";
import type { LedgerEvents } from "./ledger-events.ts";
import { createLedgerQueue } from "./ledger-queue.ts";
import type { LedgerStore } from "./store.ts";

/** Timers of a monotonic clock; tests bring their own. */
export type SetTimer = (run: () => void, ms: number) => { readonly cancel: () => void };

export interface BatchingLedgerOptions {
  readonly store: LedgerStore;
  readonly setTimer: SetTimer;
  readonly events: LedgerEvents;
  /** Is asked how many records wait. Returns how to stop. */
  readonly observe: (waiting: () => number) => () => void;
}

/** How long a record waits for others before it is written. With the writing itself it stays below the promised 500. */
export const flushMs = 250;
/** So many that wait are written at once, and no more at a time: about 1 ms of this thread. */
export const batchRecords = 500;
/** While nothing can be written; some 40 MB. At 100 attempts a second it lasts for eight minutes. */
export const mostWaiting = 50_000;

/** Between tries while the store fails. */
const retryBackoff = { baseMs: 500, capMs: 30_000 };
/** A write that takes longer is told of, and waited for: asking again would only add to what hangs. */
const lateMs = 5_000;
const closeMs = 3_000;

/**
 * A ledger that writes batches to a store, off the path of calls. A store that is away costs no call anything: records
 * wait, and beyond {@link mostWaiting} they are dropped and counted.
 */
export function createBatchingLedger(options: BatchingLedgerOptions): Ledger {
  const { store, setTimer, events } = options;
  const counting = createCountingLedger();
  const queue = createLedgerQueue(mostWaiting);
  const unobserve = options.observe(queue.size);
  // A batch belongs to no call: what it logs must not carry the trace of the one that happened to start its timer.
  const outsideCalls = AsyncLocalStorage.snapshot();
  let timer: { readonly cancel: () => void } | undefined;
  let writing: Promise<boolean> | undefined;
  let failures = 0;
  let closed = false;

  const arm = (ms: number): void => {
    timer?.cancel();
    timer = closed ? undefined : outsideCalls(() => setTimer(() => void write(), ms));
  };

  // Never rejects. False: the store failed.
  const write = (): Promise<boolean> => {
    timer?.cancel();
    timer = undefined;
    writing ??= writeBatch().finally(() => {
      writing = undefined;
      if (failures > 0) arm(nominalBackoffMs(retryBackoff, failures));
      else if (queue.size() > 0) arm(queue.size() >= batchRecords ? 0 : flushMs);
    });
    return writing;
  };

  const writeBatch = async (): Promise<boolean> => {
    const batch = queue.head(batchRecords);
    if (batch.length === 0) return true;
    const late = setTimer(() => events.failed({ code: "LATE", message: lateMessage }), lateMs);
    const result = await store.append(batch.map(attemptRow));
    late.cancel();
    if (result.kind === "failed") {
      failures += 1;
      events.failed(result.problem);
      return false;
    }
    failures = 0;
    queue.take(batch.length);
    events.written(batch.length);
    return true;
  };

  /** Everything that waits by now, or as much of it as the store takes. */
  const writeAll = async (): Promise<void> => {
    await writing;
    // Not what comes meanwhile: under load that would never end.
    for (let left = queue.size(); left > 0; left -= batchRecords) if (!(await write())) return;
  };

  return {
    record: (attempt) => {
      counting.record(attempt);
      if (closed || !queue.add(attempt)) {
        events.dropped();
        return;
      }
      if (writing !== undefined || failures > 0) return;
      // Not within the call: encoding a batch is not its business.
      if (queue.size() === batchRecords) arm(0);
      else if (timer === undefined) arm(flushMs);
    },
    flush: writeAll,
    totals: counting.totals,
    report: async (window) => {
      await writeAll();
      const result = await store.report(window);
      return result.kind === "done"
        ? { kind: "report", rows: result.value }
        : { kind: "unavailable", why: result.problem.message };
    },
    spending: async (window) => {
      const result = await store.spending(window);
      return result.kind === "done" ? result.value : [];
    },
    notes: store.notes,
    close: async () => {
      if (closed) return;
      await settledWithin(closeMs, writeAll, () => {});
      closed = true;
      timer?.cancel();
      unobserve();
      events.closed(queue.size());
      await store.close();
    },
  };
}

const lateMessage = `the ledger's store has not answered for ${lateMs / 1000} s`;
