import type { PeerFact } from "./peer-fact.ts";
import { type HeardFact, primaryId } from "./peers.ts";

/** What workers told and still holds, for one that starts later. */
export interface KeptFacts {
  readonly note: (heard: HeardFact) => void;
  /** The worker has ended, and what it had set aside is free again. */
  readonly leave: (worker: number) => void;
  /** With durations as they are now. In an order in which they can be told. */
  readonly all: () => readonly HeardFact[];
}

interface Kept {
  readonly heard: HeardFact;
  /** Instant on the monotonic clock. */
  readonly until: number;
}

type Spent = Extract<PeerFact, { readonly kind: "spent" }>;

const dayMs = 86_400_000;
/** No budget asks for anything older. */
const longestPeriodMs = 31 * dayMs;

/**
 * Of facts about the same thing the last one is kept, until its time is over. What was spent is added up by
 * account and day, so that it does not grow with the calls.
 * @param now the monotonic clock, in milliseconds
 */
export function createKeptFacts(now: () => number): KeptFacts {
  const lasting = new Map<string, Kept>();
  const reserved = new Map<string, HeardFact>();
  const spent = new Map<string, Spent>();
  const watched = new Map<number, HeardFact>();

  let standing: HeardFact | undefined;

  const keep = (about: string, heard: HeardFact, until: number): void => {
    lasting.set(about, { heard, until });
    for (const [about, { until }] of lasting) if (until <= now()) lasting.delete(about);
  };

  /** An upstream's word never makes shorter what it said before. */
  const extend = (about: string, heard: HeardFact, ttlMs: number): void =>
    keep(about, heard, Math.max(now() + ttlMs, lasting.get(about)?.until ?? 0));

  const addSpent = (fact: Spent): void => {
    const { account, at } = fact;
    const day = Math.floor(at / dayMs);
    const about = `${day} ${JSON.stringify([account.caller, Object.entries(account.labels)])}`;
    const before = spent.get(about);
    if (before === undefined) {
      for (const [about, old] of spent) if (old.at < at - longestPeriodMs) spent.delete(about);
    }
    spent.set(about, { ...fact, nanos: fact.nanos + (before?.nanos ?? 0n) });
  };

  return {
    note: (heard) => {
      const { fact, from } = heard;
      switch (fact.kind) {
        case "key": {
          const { keyId, fingerprint, why, ttlMs } = fact.fact;
          const model = "upstreamModel" in fact.fact ? fact.fact.upstreamModel : "";
          extend(`key ${JSON.stringify([fact.upstream, keyId, fingerprint, why, model])}`, heard, ttlMs);
          break;
        }
        case "hold":
          extend(`hold ${fact.deployment}`, heard, fact.ttlMs);
          break;
        case "breaker": {
          const about = `breaker ${fact.deployment}`;
          if (fact.openMs === undefined) lasting.delete(about);
          else keep(about, heard, now() + fact.openMs);
          break;
        }
        case "reserved":
          reserved.set(`${from} ${fact.reservation}`, heard);
          break;
        case "spent":
          reserved.delete(`${from} ${fact.reservation}`);
          addSpent(fact);
          break;
        case "canary": {
          const stands = fact.words.filter(({ kind }) => kind === "stands");
          if (stands.length > 0) standing = { from, fact: { kind: "canary", words: stands } };
          break;
        }
        case "watch":
          if (fact.watched) watched.set(from, heard);
          else watched.delete(from);
          break;
        // One that starts has closed breakers, and is given the keys with its configuration.
        case "upstream-breaker":
        case "keys":
        case "decision":
      }
    },
    leave: (worker) => {
      watched.delete(worker);
      for (const [about, { from }] of reserved) if (from === worker) reserved.delete(about);
    },
    all: () => {
      const at = now();
      const still = [...lasting.values()].filter(({ until }) => until > at);
      return [
        // From nobody that has anything set aside.
        ...[...spent.values()].map((fact): HeardFact => ({ fact, from: primaryId })),
        ...reserved.values(),
        ...watched.values(),
        ...(standing === undefined ? [] : [standing]),
        ...still.map(({ heard, until }): HeardFact => ({
          ...heard,
          fact: lastingFor(heard.fact, until - at),
        })),
      ];
    },
  };
}

/** The same fact, so much later. */
function lastingFor(fact: PeerFact, leftMs: number): PeerFact {
  switch (fact.kind) {
    case "key":
      return { ...fact, fact: { ...fact.fact, ttlMs: leftMs } };
    case "hold":
      return { ...fact, ttlMs: leftMs };
    case "breaker":
      return { ...fact, openMs: leftMs };
    case "reserved":
    case "spent":
    case "canary":
    case "upstream-breaker":
    case "keys":
    case "watch":
    case "decision":
      return fact;
  }
}
