import type { Log } from "../telemetry/log.ts";
import type { LedgerMetrics } from "../telemetry/ledger-metrics.ts";
import type { StoreProblem } from "./store.ts";

/** Tells how the keeping of records goes: each of it counted, a change of it logged once. */
export interface LedgerEvents {
  readonly written: (records: number) => void;
  readonly failed: (problem: StoreProblem) => void;
  /** A record that is not kept, because too many wait. */
  readonly dropped: () => void;
  /** @param lost records that waited, and are not kept */
  readonly closed: (lost: number) => void;
}

/** @param place where records go, as `LedgerStore.place` */
export function createLedgerEvents(log: Log, metrics: LedgerMetrics, place: string): LedgerEvents {
  // The code of what was told last: another one is told too.
  let away: string | undefined;
  let dropped = 0;
  const event = "ledger";

  const tellDropped = (): void => {
    if (dropped === 0) return;
    log.warn({ event, place, records: dropped }, "the ledger lost records: it could not keep them all");
    dropped = 0;
  };

  return {
    written: (records) => {
      metrics.written(records);
      if (away === undefined) return;
      away = undefined;
      log.info({ event, place }, "the ledger is written again");
      tellDropped();
    },
    failed: ({ code, message }) => {
      metrics.failed();
      if (away === code) return;
      away = code;
      log.warn({ event, place, code }, `the ledger cannot be written, records wait: ${message}`);
    },
    dropped: () => {
      metrics.dropped(1);
      if (dropped === 0) {
        log.warn({ event, place }, "the ledger has no room for more records: from here on they are lost");
      }
      dropped += 1;
    },
    closed: (lost) => {
      if (lost > 0) metrics.dropped(lost);
      dropped += lost;
      tellDropped();
    },
  };
}
