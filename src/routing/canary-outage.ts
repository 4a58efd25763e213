import type { RollbackReason } from "./canary-verdict.ts";

/** A breaker that is not closed. */
export interface OpenBreaker {
  /** `model@upstream`, or an upstream. */
  readonly name: string;
  /** Instant at which it opened; half-open in between is not closed. */
  readonly openedAt: number;
}

/** What is known of the connection to the canary. */
export interface CanaryOutage {
  /** Breakers of the canary that are not closed while stable's of the same model, and its upstream's, are. */
  readonly breakers: readonly OpenBreaker[];
  /** Attempts in a row that found no connection to the canary, while stable could be reached. */
  readonly unreached: number;
}

/** A breaker that no probe closes for so long is no hiccup. */
const longestOpenMs = 60_000;

const mostUnreached = 5;

/** Whether the canary is out. The counts are small, so no statistics are needed. */
export function canaryOutage({ breakers, unreached }: CanaryOutage, now: number): RollbackReason | undefined {
  if (unreached >= mostUnreached) return { kind: "unreachable", failures: unreached };
  const longest = breakers.toSorted((a, b) => a.openedAt - b.openedAt)[0];
  if (longest === undefined || now - longest.openedAt < longestOpenMs) return undefined;
  return { kind: "breaker-open", breaker: longest.name, ms: now - longest.openedAt };
}
