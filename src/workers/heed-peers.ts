import type { BudgetBook, BudgetReservation } from "../admission/budget-book.ts";
import type { CanaryWatch } from "../attempt/canary-watch.ts";
import type { Fleet } from "../attempt/fleet.ts";
import { unpackKey } from "../config/packed-config.ts";
import type { OpenAiUpstream } from "../upstream/openai-upstream.ts";
import type { PeerFact } from "./peer-fact.ts";
import type { PeerAnswer, PeerQuestion } from "./peer-question.ts";
import type { HeardFact, PeerListener } from "./peers.ts";
import type { SharedDecisions } from "./tell-of-decisions.ts";

/** The parts of a gateway that its other workers have something to say to. None of them tells it back. */
export interface HeedingParts {
  readonly upstreams: ReadonlyMap<string, Pick<OpenAiUpstream, "learnKey" | "replaceKeys">>;
  readonly fleet: Pick<Fleet, "snapshot" | "holdUntil" | "breaker" | "upstreamBreaker">;
  readonly budgets: Pick<BudgetBook, "reserve" | "learn">;
  readonly canary: Pick<CanaryWatch, "hear"> | undefined;
  readonly decisions: Pick<SharedDecisions, "watchedBy" | "overhear" | "latest">;
  /** Has everything written to the ledger that is recorded by now. */
  readonly flush: () => Promise<void>;
  /** In Prometheus' text format; undefined where they are not scraped. */
  readonly metrics: (() => Promise<string>) | undefined;
  /** The monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/** Does what the other workers say. */
export function heedPeers(parts: HeedingParts): PeerListener {
  const { upstreams, fleet, budgets, canary, decisions, now } = parts;
  /** By worker and number: what others have set aside. */
  const reservations = new Map<number, Map<number, BudgetReservation>>();

  const heed = (fact: PeerFact, from: number): void => {
    switch (fact.kind) {
      case "key":
        upstreams.get(fact.upstream)?.learnKey(fact.fact);
        break;
      case "hold":
        fleet.holdUntil(fact.deployment, now() + fact.ttlMs);
        break;
      case "breaker": {
        const breaker = fleet.breaker(fact.deployment);
        if (fact.openMs === undefined) breaker?.reset();
        else breaker?.trip(fact.openMs);
        break;
      }
      case "upstream-breaker":
        fleet.upstreamBreaker(fact.upstream)?.reset();
        break;
      case "reserved": {
        const held = reservations.get(from) ?? new Map<number, BudgetReservation>();
        reservations.set(from, held);
        held.set(fact.reservation, budgets.reserve(fact.account, fact.nanos));
        break;
      }
      case "spent": {
        const held = reservations.get(from);
        const reservation = held?.get(fact.reservation);
        held?.delete(fact.reservation);
        if (reservation === undefined) budgets.learn(fact.account, fact.nanos, fact.at);
        else reservation.settle(fact.nanos);
        break;
      }
      case "canary":
        for (const word of fact.words) canary?.hear(word);
        break;
      case "watch":
        decisions.watchedBy(from, fact.watched);
        break;
      case "decision":
        decisions.overhear(fact.ended);
        break;
      case "keys":
        upstreams.get(fact.upstream)?.replaceKeys(fact.keys.map(unpackKey));
    }
  };

  const answer = async (question: PeerQuestion): Promise<PeerAnswer> => {
    switch (question.kind) {
      case "in-flight":
        return {
          kind: "in-flight",
          calls: new Map(fleet.snapshot().map(({ deployment, inFlight }) => [deployment.id, inFlight])),
        };
      case "metrics":
        return { kind: "metrics", text: (await parts.metrics?.()) ?? "" };
      case "decisions":
        return { kind: "decisions", decisions: decisions.latest(question.count) };
      case "flush":
        await parts.flush();
        return { kind: "flushed" };
    }
  };

  return {
    onFact: ({ fact, from }: HeardFact) => heed(fact, from),
    onLeft: (worker) => {
      // What its last calls cost nobody knows.
      for (const reservation of reservations.get(worker)?.values() ?? []) reservation.settle(0n);
      reservations.delete(worker);
      decisions.watchedBy(worker, false);
    },
    onQuestion: answer,
  };
}
