import { resolve } from "node:path";
import type { Config } from "../config/config.ts";
import type { Catalog } from "../routing/catalog.ts";
import { createCanaryEvents } from "../telemetry/canary-events.ts";
import type { SpanSource } from "../telemetry/span-source.ts";
import { canaryFileOf, createCanaryFile } from "./canary-file.ts";
import { createCanaryNotes, type SharedNotes } from "./canary-notes.ts";
import type { CanaryWord } from "./canary-word.ts";
import { type CanaryWatch, createCanaryWatch } from "./canary-watch.ts";
import type { Fleet } from "./fleet.ts";
import type { SetTimer } from "./timer.ts";

export interface OpenCanaryOptions {
  readonly catalog: Catalog;
  readonly config: Pick<Config, "canary" | "ledger">;
  /** Where a relative path of the ledger starts. */
  readonly cwd: string;
  /** What replicas share; undefined: this machine alone runs the gateway, and a file keeps its standing. */
  readonly notes: SharedNotes | undefined;
  readonly source: SpanSource;
  readonly onWord?: ((word: CanaryWord) => void) | undefined;
  /** Asked when an operator arms the canary; it may not stand before. */
  readonly fleet: () => Pick<Fleet, "breaker" | "upstreamBreaker">;
  readonly now: () => number;
  readonly wallClock: () => number;
  readonly setTimer: SetTimer;
}

/** The watch over the configured canary, as it stood when it was last kept; undefined where none is configured. */
export async function openCanary(options: OpenCanaryOptions): Promise<CanaryWatch | undefined> {
  const { catalog, config, cwd, notes, source, fleet, now, wallClock, setTimer } = options;
  const { canary, ledger } = config;
  if (canary === undefined) return undefined;
  const path = resolve(cwd, canaryFileOf(ledger.path));
  const place = notes === undefined ? path : "the ledger's database";
  const watch = await createCanaryWatch({
    catalog,
    config: canary,
    store: notes === undefined ? createCanaryFile(path) : createCanaryNotes(notes, setTimer),
    now,
    wallClock,
    setTimer,
    onWord: options.onWord,
    resetBreakers: () => resetUpstream(fleet(), catalog, canary.canary),
    onDecision: createCanaryEvents(source),
    onUnsaved: () => {
      const message = "where the canary stands could not be kept: a restart would not know of it";
      source.log.warn({ event: "canary", place }, message);
    },
  });
  const { standing } = watch.report();
  if (standing.kind === "rolled-back") {
    source.log.warn({ event: "canary", canary: canary.canary }, `the canary is rolled back: ${standing.why}`);
  }
  return watch;
}

function resetUpstream(fleet: ReturnType<OpenCanaryOptions["fleet"]>, catalog: Catalog, name: string): void {
  fleet.upstreamBreaker(name)?.reset();
  for (const { id, upstream } of catalog.deployments.values()) {
    if (upstream === name) fleet.breaker(id)?.reset();
  }
}
