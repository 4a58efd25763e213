import type { CanaryConfig } from "../config/config.ts";
import { lookEveryMs } from "../routing/canary-look.ts";
import { canaryOutage } from "../routing/canary-outage.ts";
import { promotedWeight } from "../routing/canary-promotion.ts";
import { type RollbackReason, rollbackSentence } from "../routing/canary-verdict.ts";
import type { Catalog } from "../routing/catalog.ts";
import type { CanaryDecision } from "../telemetry/canary-events.ts";
import { armCall, startOf } from "./arm-call.ts";
import type { ArmTotals } from "./arm-tally.ts";
import { createCanaryComparison } from "./canary-comparison.ts";
import { createCanaryLinks } from "./canary-links.ts";
import { isLost, startingStanding, storeNews, weightOf } from "./canary-standing.ts";
import type { CanaryStanding, CanaryStore, SavedCanary } from "./canary-store.ts";
import type { CanaryWord } from "./canary-word.ts";
import type { BreakerStateName } from "./permit.ts";
import type { PlannedCall } from "./planned-call.ts";
import type { RouteEnd } from "./route-summary.ts";
import type { SetTimer } from "./timer.ts";
import type { AttemptEntry } from "./trail.ts";

export interface CanaryWatchOptions {
  readonly catalog: Catalog;
  readonly config: CanaryConfig;
  readonly store: CanaryStore;
  /** The monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  readonly setTimer: SetTimer;
  /** Closes every breaker of the canary's upstream. */
  readonly resetBreakers: () => void;
  /** Told of each decision once, in the context of the call that brought it about. Must not throw. */
  readonly onDecision: (decision: CanaryDecision) => void;
  /** The standing cannot be kept from now on: a restart would not know of it. */
  readonly onUnsaved: () => void;
  /** Told of what other processes that serve the same callers should hear; left out: there are none. */
  readonly onWord?: ((word: CanaryWord) => void) | undefined;
}

/** The canary as operators see it. */
export interface CanaryReport {
  readonly standing: CanaryStanding;
  /** Why it would have been rolled back, had the config not said otherwise. */
  readonly alarm: string | undefined;
  /** Of the calls since it was last armed. */
  readonly stable: ArmTotals;
  readonly canary: ArmTotals;
}

/** Watches the two arms, and takes the canary's share away or raises it by what they show. */
export interface CanaryWatch {
  /** What calls are planned with: the catalog with the canary's share of the moment. */
  readonly catalog: () => Catalog;
  readonly onCallEnd: (call: PlannedCall, end: RouteEnd) => void;
  readonly onAttempt: (entry: AttemptEntry) => void;
  readonly onBreaker: (from: BreakerStateName, to: BreakerStateName, name: string) => void;
  readonly report: () => CanaryReport;
  /** An operator's word: arms the canary with this share, all that was held against it forgotten. */
  readonly arm: (weightBasisPoints: number) => Promise<void>;
  /** Takes up what the watch of another process said: its calls count as those of this one. */
  readonly hear: (word: CanaryWord) => void;
  /** Ends it, its standing kept. */
  readonly close: () => Promise<void>;
}

/** How soon processes that share a store hear of one another. */
const followEveryMs = 5_000;

/** The state of a canary and the one place that changes it. Reads the store before it resolves. */
export async function createCanaryWatch(options: CanaryWatchOptions): Promise<CanaryWatch> {
  const { config, store, now, wallClock, onDecision, onWord } = options;
  const { autoRollback, promote, ...configured } = config;
  const links = createCanaryLinks(options.catalog, configured, now);
  const loaded = await store.load();
  let standing = startingStanding(loaded, configured, wallClock());
  let changedAt = loaded.kind === "saved" ? loaded.saved.changedAt : 0;
  let planning = planningWith(options.catalog, config, standing);
  let comparison = createCanaryComparison();
  let armedAt = now();
  let stepAt = armedAt;
  let callsBeforeStep = 0;
  let alarm: string | undefined;
  let closed = false;
  let kept = true;
  let saving = Promise.resolve();

  const stand = (next: CanaryStanding): void => {
    standing = next;
    planning = planningWith(options.catalog, config, next);
    stepAt = now();
    callsBeforeStep = comparison.totals().canary.calls;
  };

  const rearm = (): void => {
    comparison = createCanaryComparison();
    links.clear();
    armedAt = now();
    alarm = undefined;
    options.resetBreakers();
  };

  /** One after the other, so that the last one stands. */
  const keep = async (before: Promise<void>, saved: SavedCanary): Promise<void> => {
    await before;
    const was = kept;
    kept = await store.save(saved);
    // Once, not at every try: it is tried again until somebody can read it.
    if (was && !kept) options.onUnsaved();
  };

  const save = (by: "operator" | "itself"): Promise<void> => {
    changedAt = Math.max(wallClock(), changedAt + 1);
    onWord?.({ kind: "stands", saved: toSave(), armed: by === "operator" });
    return tell();
  };

  const toSave = (): SavedCanary => {
    const { stable, canary, weightBasisPoints } = configured;
    return { stable, canary, configuredBasisPoints: weightBasisPoints, changedAt, standing };
  };

  /** So that the store has what this process knows. */
  const tell = (): Promise<void> => {
    saving = keep(saving, toSave());
    return saving;
  };

  const decide = (kind: CanaryDecision["kind"], why: string, rule?: string): void => {
    onDecision({ kind, canary: config.canary, weightBasisPoints: weightOf(standing), rule, why });
  };

  /** Acts on an outage, or else on what the calls have shown; on the first one only. */
  const judge = (shown: RollbackReason | undefined): void => {
    if (weightOf(standing) === 0) return;
    const reason = canaryOutage(links.outage(), now()) ?? shown;
    if (reason === undefined || (alarm !== undefined && !autoRollback)) return;
    const why = rollbackSentence(reason);
    if (autoRollback) {
      stand({ kind: "rolled-back", rule: reason.kind, why, at: wallClock() });
      decide("rolled-back", why, reason.kind);
      void save("itself");
    } else {
      alarm = why;
      decide("alarmed", why, reason.kind);
    }
  };

  const promoteIfEarned = (): void => {
    if (!promote || standing.kind !== "trying") return;
    const { stable, canary } = comparison.totals();
    const weight = promotedWeight({
      weightBasisPoints: standing.weightBasisPoints,
      calls: canary.calls - callsBeforeStep,
      stableCalls: stable.calls,
      heldMs: now() - stepAt,
      quiet: alarm === undefined && comparison.quiet() && links.quiet(),
    });
    if (weight === undefined) return;
    stand({ kind: "trying", weightBasisPoints: weight });
    decide("promoted", `it did no worse than stable, and gets ${weight / 100} % of the calls`);
    void save("itself");
  };

  const adopt = (next: CanaryStanding, decidedAt: number, why: string, armed = false): void => {
    changedAt = decidedAt;
    if (armed || (standing.kind === "rolled-back" && next.kind === "trying")) rearm();
    stand(next);
    decide("adopted", why);
  };

  /** Hears what others have decided, and says what they have not heard. */
  const follow = async (): Promise<void> => {
    const read = await store.load();
    if (closed) return;
    if (isLost(standing)) {
      if (read.kind === "unreadable") return;
      const decidedAt = read.kind === "saved" ? read.saved.changedAt : 0;
      return adopt(startingStanding(read, configured, wallClock()), decidedAt, "its state can be read again");
    }
    const news = storeNews(read, configured, changedAt);
    switch (news.kind) {
      case "none":
        return;
      case "adopt":
        return adopt(
          news.saved.standing,
          news.saved.changedAt,
          "another process that shares its state decided it",
        );
      case "tell":
        return tell();
    }
  };

  let looking = options.setTimer(onLook, lookEveryMs);
  function onLook(): void {
    looking = options.setTimer(onLook, lookEveryMs);
    judge(comparison.look());
    promoteIfEarned();
  }

  let following = options.setTimer(onFollow, followEveryMs);
  function onFollow(): void {
    following = options.setTimer(onFollow, followEveryMs);
    void follow();
  }

  if (standing.kind === "rolled-back" && isLost(standing)) {
    decide("rolled-back", standing.why, standing.rule);
  }

  return {
    catalog: () => planning,
    onCallEnd: (call, end) => {
      // What began before the canary was armed says nothing about it now.
      if (!call.plan.compared || weightOf(standing) === 0 || startOf(call) < armedAt) return;
      const ended = armCall(call, end, now());
      judge(ended === undefined ? undefined : comparison.add(ended));
      if (ended === undefined || onWord === undefined) return;
      onWord({ kind: "ended", call: ended, startedAt: wallClock() - (now() - startOf(call)) });
    },
    hear: (word) => {
      if (word.kind === "stands") {
        const { standing, changedAt: decidedAt } = word.saved;
        if (decidedAt > changedAt) adopt(standing, decidedAt, "another worker decided it", word.armed);
        return;
      }
      const startedAt = now() - (wallClock() - word.startedAt);
      if (weightOf(standing) > 0 && startedAt >= armedAt) judge(comparison.add(word.call));
    },
    onAttempt: (entry) => {
      links.onAttempt(entry);
      judge(undefined);
    },
    onBreaker: (_from, to, name) => links.onBreaker(to, name),
    report: () => ({ standing, alarm, ...comparison.totals() }),
    arm: async (weightBasisPoints) => {
      rearm();
      stand({ kind: "trying", weightBasisPoints });
      decide("set", `an operator gave it ${weightBasisPoints / 100} % of the calls`);
      await save("operator");
    },
    close: async () => {
      closed = true;
      looking.cancel();
      following.cancel();
      await saving;
    },
  };
}

function planningWith(catalog: Catalog, config: CanaryConfig, standing: CanaryStanding): Catalog {
  const { stable, canary } = config;
  return { ...catalog, canary: { stable, canary, weightBasisPoints: weightOf(standing) } };
}
