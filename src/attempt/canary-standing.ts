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

/** What a look into the store that others share means for a process that has a standing. */
export type StoreNews =
  | { readonly kind: "none" }
  /** Another process has decided since. */
  | { readonly kind: "adopt"; readonly saved: SavedCanary }
  /** The store has lost, or never had, what this process knows: it is told again. */
  | { readonly kind: "tell" };

/** @param changedAt when the standing of this process was decided, by whomever; 0 where it is the config's alone */
export function storeNews(loaded: LoadedCanary, configured: CanarySplit, changedAt: number): StoreNews {
  const older: StoreNews = { kind: changedAt > 0 ? "tell" : "none" };
  switch (loaded.kind) {
    case "unreadable":
      return { kind: "none" };
    case "nothing":
      return older;
    case "saved": {
      const { saved } = loaded;
      // Replicas whose configs differ do not talk each other down.
      if (!isSamePair(saved, configured) || saved.changedAt === changedAt) return { kind: "none" };
      return saved.changedAt > changedAt ? { kind: "adopt", saved } : older;
    }
  }
}

/** The canary is off because nobody knows better, and not because anybody decided it. */
export function isLost(standing: CanaryStanding): boolean {
  return standing.kind === "rolled-back" && standing.rule === "state-lost";
}

function isSamePair(saved: SavedCanary, configured: CanarySplit): boolean {
  return saved.stable === configured.stable && saved.canary === configured.canary;
}

/** The share of the calls that goes to the canary by itself, in basis points. */
export function weightOf(standing: CanaryStanding): number {
  return standing.kind === "trying" ? standing.weightBasisPoints : 0;
}
