import { type CanarySplit, type Catalog } from "../routing/catalog.ts";
import { takesPart } from "../routing/canary-arm.ts";
import type { CanaryOutage, OpenBreaker } from "../routing/canary-outage.ts";
import type { BreakerStateName } from "./permit.ts";
import type { AttemptEntry } from "./trail.ts";

/** Whether the canary can be reached at all, from its breakers and its connections. */
export interface CanaryLinks {
  readonly onBreaker: (to: BreakerStateName, name: string) => void;
  readonly onAttempt: (entry: AttemptEntry) => void;
  /** What both sides share, such as our own network, is left out. */
  readonly outage: () => CanaryOutage;
  /** None of the canary's breakers is open, whatever stable's are. */
  readonly quiet: () => boolean;
  /** Counts connections from the start again. Breakers tell by themselves when they close. */
  readonly clear: () => void;
}

/** @param now the monotonic clock, in milliseconds */
export function createCanaryLinks(catalog: Catalog, split: CanarySplit, now: () => number): CanaryLinks {
  const counterparts = counterpartsOf(catalog, split);
  /** Breakers of both sides that are not closed, and since when. */
  const open = new Map<string, number>();
  const unreached = { stable: 0, canary: 0 };

  const alone = ([name]: readonly [string, readonly string[]]): boolean =>
    open.has(name) && !(counterparts.get(name) ?? []).some((other) => open.has(other));

  const toOpenBreaker = ([name]: readonly [string, unknown]): OpenBreaker => ({
    name,
    openedAt: open.get(name) ?? now(),
  });

  return {
    onBreaker: (to, name) => {
      if (to !== "closed") {
        if (!open.has(name)) open.set(name, now());
        return;
      }
      open.delete(name);
      // What was down on both sides is the canary's own affair from now on, not from before.
      for (const [canary, others] of counterparts) {
        if (others.includes(name) && open.has(canary)) open.set(canary, now());
      }
    },
    onAttempt: ({ upstream, failure }) => {
      const side = upstream === split.canary ? "canary" : upstream === split.stable ? "stable" : undefined;
      if (side === undefined || failure?.kind === "cancelled") return;
      if (failure?.kind !== "unreachable") unreached[side] = 0;
      else if (side === "stable" || unreached.stable === 0) unreached[side] += 1;
    },
    outage: () => ({
      unreached: unreached.canary,
      // Asked after every attempt, and nearly always there is nothing.
      breakers: open.size === 0 ? [] : [...counterparts].filter(alone).map(toOpenBreaker),
    }),
    quiet: () => unreached.canary === 0 && !counterparts.keys().some((name) => open.has(name)),
    clear: () => {
      unreached.canary = 0;
      unreached.stable = 0;
    },
  };
}

/** The canary's breakers, each with those of stable that would be open for the same reason if it were everybody's. */
function counterpartsOf({ models }: Catalog, split: CanarySplit): ReadonlyMap<string, readonly string[]> {
  const pairs = [...models.values()]
    .filter((model) => takesPart(split, model))
    .map((model): [string, readonly string[]] => [
      `${model.id}@${split.canary}`,
      [`${model.id}@${split.stable}`, split.stable],
    ]);
  return new Map([[split.canary, [split.stable]], ...pairs]);
}
