import type { KeyBlock } from "./key-block.ts";
import { applyFact, factEnds, factsSince } from "./key-fact.ts";
import type { KeyFact, KeyLease, KeySnapshot, PoolKey, ReplaceableKeyPool } from "./key-pool.ts";
import { createKeyState, forModel, type KeyForModel, type KeyState, learn } from "./key-state.ts";

export interface KeyPoolOptions {
  /** In order of preference. */
  readonly keys: readonly PoolKey[];
  /** The monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Told of what other processes that use the same keys should know. */
  readonly onFact?: (fact: KeyFact) => void;
}

/** While one call tries a refused key again, the others are told to look again after this. */
const probeMs = 1000;

/** A reason not to use a key for a model now. */
interface Blocked {
  readonly readyAt: number;
  readonly why: "rate-limited" | "quarantined";
}

/**
 * The keys of one upstream, with what their calls taught. The list is never changed in place, and a lease knows
 * its own key: a list that takes its place leaves the leases of the old one whole.
 */
export function createKeyPool({ keys, now, random, onFact }: KeyPoolOptions): ReplaceableKeyPool {
  let states: readonly KeyState[] = keys.map((key) => createKeyState(key, now()));
  /** Counts picks and refusals: which of two came first. */
  let order = 0;

  const find = ({ id, fingerprint }: PoolKey): KeyState | undefined =>
    states.find(({ identity }) => identity.id === id && identity.fingerprint === fingerprint);

  const take = (key: KeyState, upstreamModel: string): KeyLease => {
    const model = forModel(key, upstreamModel);
    const pickedAs = order++;
    const probes = isSuspect(key, model);
    if (probes) key.probing = true;
    key.inFlight++;
    let settled = false;
    return {
      key: key.identity,
      settle: (failure, quota) => {
        if (settled) throw new Error(`lease of key ${key.identity.id} settled twice`);
        settled = true;
        key.inFlight--;
        if (probes) key.probing = false;
        const at = now();
        const met = { pickedAs, order: order++, now: at, hintMs: failure?.retryAfterMs };
        if (onFact === undefined) return learn(key, model, failure, quota, met, random);
        const before = factEnds(key, model);
        learn(key, model, failure, quota, met, random);
        for (const fact of factsSince(before, key, model, upstreamModel, at)) onFact(fact);
      },
    };
  };

  return {
    get size() {
      return states.length;
    },
    pick: (upstreamModel, exclude) => {
      const at = now();
      let best: KeyState | undefined;
      for (const key of states) {
        if (exclude.has(key.identity) || blockedNow(key, forModel(key, upstreamModel), at) !== undefined)
          continue;
        if (best === undefined || isBetter(key, best, upstreamModel, at)) best = key;
      }
      return best === undefined ? undefined : take(best, upstreamModel);
    },
    blocked: (upstreamModel) => {
      const at = now();
      let readyAt = Infinity;
      let why: Blocked["why"] = "quarantined";
      for (const key of states) {
        const blocked = blockedNow(key, forModel(key, upstreamModel), at);
        if (blocked === undefined) return undefined;
        readyAt = Math.min(readyAt, blocked.readyAt);
        if (blocked.why === "rate-limited") why = "rate-limited";
      }
      return { readyAt, why };
    },
    snapshot: () => {
      const at = now();
      return states.map((key) => toSnapshot(key, at));
    },
    replace: (keys) => {
      states = keys.map((key) => find(key) ?? createKeyState(key, now()));
    },
    learn: (fact) => {
      const key = find({ id: fact.keyId, fingerprint: fact.fingerprint });
      if (key !== undefined) applyFact(key, fact, order++, now());
    },
  };
}

/** It was refused and has not been accepted since: one call at a time finds out whether it works again. */
function isSuspect(key: KeyState, model: KeyForModel): boolean {
  return key.quarantine.refusals > 0 || key.rest.refusals > 0 || model.quarantine.refusals > 0;
}

function blockedNow(key: KeyState, model: KeyForModel, at: number): Blocked | undefined {
  const refusedUntil = Math.max(key.quarantine.until, model.quarantine.until);
  const readyAt = Math.max(refusedUntil, key.rest.until, model.cooldown.until);
  if (readyAt > at) return { readyAt, why: refusedUntil > at ? "quarantined" : "rate-limited" };
  if (!key.probing || !isSuspect(key, model)) return undefined;
  return { readyAt: at + probeMs, why: key.rest.refusals > 0 ? "rate-limited" : "quarantined" };
}

function isBetter(key: KeyState, than: KeyState, upstreamModel: string, at: number): boolean {
  const difference = shareOf(forModel(key, upstreamModel), at) - shareOf(forModel(than, upstreamModel), at);
  return difference === 0 ? key.inFlight < than.inFlight : difference > 0;
}

/** What nobody knows counts as whole. */
function shareOf({ share, shareUntil }: KeyForModel, at: number): number {
  return shareUntil > at ? share : 1;
}

function toSnapshot(key: KeyState, at: number): KeySnapshot {
  const { inFlight, loadedAt, identity } = key;
  const keyId = identity.id;
  const models = [...key.models.values()];
  const refused = [key.quarantine, ...models.map(({ quarantine }) => quarantine)].filter(
    ({ refusals }) => refusals > 0,
  );
  if (refused.length > 0) {
    return { keyId, state: "quarantined", readyAt: lastUntil(refused), inFlight, loadedAt };
  }
  const cooling = [key.rest, ...models.map(({ cooldown }) => cooldown)].filter(({ until }) => until > at);
  return cooling.length > 0
    ? { keyId, state: "cooling", readyAt: lastUntil(cooling), inFlight, loadedAt }
    : { keyId, state: "usable", readyAt: undefined, inFlight, loadedAt };
}

function lastUntil(blocks: readonly KeyBlock[]): number {
  return Math.max(...blocks.map(({ until }) => until));
}
