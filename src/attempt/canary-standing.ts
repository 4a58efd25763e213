import type { CanarySplit } from "../routing/catalog.ts";
import { rollbackSentence } from "../routing/canary-verdict.ts";
import type { CanaryStanding, LoadedCanary, SavedCanary } from "./canary-store.ts";

/**
 * Where a canary stands after a start. A roll-back outlives every restart and every change of its share in the config;
 * only an operator, or another pair of upstreams, ends it.
 * @param configured the config's split
 * @param wallClock milliseconds since the epoch
 */
export function startingStanding(
  loaded: LoadedCanary,
  configured: CanarySplit,
  wallClock: number,
): CanaryStanding {
  const fresh: CanaryStanding = { kind: "trying", weightBasisPoints: configured.weightBasisPoints };
  switch (loaded.kind) {
    case "nothing":
      return fresh;
    case "unreadable": {
      const why = rollbackSentence({ kind: "state-lost" });
      return { kind: "rolled-back", rule: "state-lost", why, at: wallClock };
    }
    case "saved": {
      const { saved } = loaded;
      if (!isSamePair(saved, configured)) return fresh;
      if (saved.standing.kind === "rolled-back") return saved.standing;
      return saved.configuredBasisPoints === configured.weightBasisPoints ? saved.standing : fresh;
    }
  }
}

/** What another process that shares the store has decided since; undefined where there is nothing new. */
export function adoptedStanding(
  loaded: LoadedCanary,
  configured: CanarySplit,
  changedAt: number,
): SavedCanary | undefined {
  if (loaded.kind !== "saved" || loaded.saved.changedAt <= changedAt) return undefined;
  return isSamePair(loaded.saved, configured) ? loaded.saved : undefined;
}

function isSamePair(saved: SavedCanary, configured: CanarySplit): boolean {
  return saved.stable === configured.stable && saved.canary === configured.canary;
}

/** The share of the calls that goes to the canary by itself, in basis points. */
export function weightOf(standing: CanaryStanding): number {
  return standing.kind === "trying" ? standing.weightBasisPoints : 0;
}
