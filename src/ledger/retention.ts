import type { SetTimer } from "./batching-ledger.ts";
import type { LedgerEvents } from "./ledger-events.ts";
import type { LedgerStore } from "./store.ts";

const dayMs = 86_400_000;
const everyMs = 3_600_000;
/** At a time: so long nobody else can write. */
const atOnce = 2_000;
/** Between two of these, so that whoever waits comes first. */
const pauseMs = 50;

export interface RetentionOptions {
  readonly store: LedgerStore;
  readonly retentionDays: number;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  readonly setTimer: SetTimer;
  readonly events: LedgerEvents;
}

/** The instant before which calls are no longer kept. Both in milliseconds since the epoch. */
function keptSince(now: number, retentionDays: number): number {
  return now - retentionDays * dayMs;
}

/**
 * Deletes what is older than the config keeps, at once and then every hour; in several processes that share a store
 * each does. The first time also tells early whether the store can be reached.
 * @returns how to stop
 */
export function startRetention({
  store,
  retentionDays,
  wallClock,
  setTimer,
  events,
}: RetentionOptions): () => void {
  let stopped = false;
  let timer: { readonly cancel: () => void } | undefined;

  const prune = async (): Promise<void> => {
    const result = await store.prune(keptSince(wallClock(), retentionDays), atOnce);
    if (stopped) return;
    if (result.kind === "failed") events.failed(result.problem);
    else events.written(0);
    const more = result.kind === "done" && result.value === atOnce;
    timer = setTimer(() => void prune(), more ? pauseMs : everyMs);
  };
  void prune();

  return () => {
    stopped = true;
    timer?.cancel();
  };
}
