import type { Fleet } from "../attempt/fleet.ts";
import type { Breaker } from "../attempt/permit.ts";
import type { Peers } from "./peers.ts";

/** A fleet for calls: what an upstream asks of one worker holds for all. @param now the monotonic clock, in milliseconds */
export function tellOfHolds(fleet: Fleet, peers: Pick<Peers, "tell">, now: () => number): Fleet {
  return {
    ...fleet,
    holdUntil: (deployment, instant) => {
      fleet.holdUntil(deployment, instant);
      peers.tell({ kind: "hold", deployment, ttlMs: instant - now() });
    },
  };
}

/** A fleet for operators: what they say about a breaker holds in every worker. */
export function tellOfBreakers(fleet: Fleet, peers: Pick<Peers, "tell">): Fleet {
  return {
    ...fleet,
    breaker: (deployment) => {
      const breaker = fleet.breaker(deployment);
      return breaker && toldOf(breaker, (openMs) => peers.tell({ kind: "breaker", deployment, openMs }));
    },
    upstreamBreaker: (upstream) => {
      const breaker = fleet.upstreamBreaker(upstream);
      return breaker && toldOf(breaker, () => peers.tell({ kind: "upstream-breaker", upstream }));
    },
  };
}

/** @param tell of how long it was opened; undefined: closed */
function toldOf(breaker: Breaker, tell: (openMs: number | undefined) => void): Breaker {
  return {
    ...breaker,
    trip: (ms) => {
      breaker.trip(ms);
      tell(ms);
    },
    reset: () => {
      breaker.reset();
      tell(undefined);
    },
  };
}
