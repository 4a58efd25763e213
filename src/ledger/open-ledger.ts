import { resolve } from "node:path";
import type { LedgerConfig } from "../config/config.ts";
import type { LedgerMetrics } from "../telemetry/ledger-metrics.ts";
import type { Log } from "../telemetry/log.ts";
import { createBatchingLedger, type SetTimer } from "./batching-ledger.ts";
import { createCountingLedger } from "./counting-ledger.ts";
import type { Ledger } from "./ledger.ts";
import { createLedgerEvents } from "./ledger-events.ts";
import { startRetention } from "./retention.ts";
import { openSqliteStore } from "./sqlite-store.ts";
import type { LedgerStore, StoreProblem } from "./store.ts";

export interface OpenLedgerOptions {
  readonly config: LedgerConfig;
  /** Where a relative path starts. */
  readonly cwd: string;
  readonly log: Log;
  readonly metrics: LedgerMetrics;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  readonly setTimer: SetTimer;
}

/** The ledger that a config asks for, or why it cannot be had. */
export type LedgerOpening =
  | { readonly kind: "opened"; readonly ledger: Ledger }
  | { readonly kind: "refused"; readonly why: string };

/**
 * Opens the ledger. What may pass (a database that is away, a full disk) is told, and does not keep the gateway from
 * starting; a file that is no ledger does.
 */
export async function openLedger(options: OpenLedgerOptions): Promise<LedgerOpening> {
  const { config, cwd, log, metrics } = options;
  if (config.off) return { kind: "opened", ledger: createCountingLedger() };
  const opening = await openStore(config, cwd);
  if (opening.kind === "refused") return opening;
  const { store, problem } = opening;
  const events = createLedgerEvents(log, metrics, store.place);
  if (problem !== undefined) events.failed(problem);
  const ledger = createBatchingLedger({ ...options, store, events, observe: metrics.observe });
  const stopRetention = startRetention({ ...options, ...config, store, events });
  return {
    kind: "opened",
    ledger: {
      ...ledger,
      close: () => {
        stopRetention();
        return ledger.close();
      },
    },
  };
}

type StoreOpening =
  | { readonly kind: "opened"; readonly store: LedgerStore; readonly problem: StoreProblem | undefined }
  | { readonly kind: "refused"; readonly why: string };

async function openStore({ url, path }: LedgerConfig, cwd: string): Promise<StoreOpening> {
  if (url === undefined) return openSqliteStore(resolve(cwd, path));
  // Loaded only where it is used.
  const { createPostgresStore } = await import("./postgres-store.ts");
  return { kind: "opened", store: createPostgresStore(url.reveal()), problem: undefined };
}
