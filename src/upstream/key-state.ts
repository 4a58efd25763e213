import { acceptedAgain, type KeyBlock, noBlock, refusedAgain, type Refusal } from "./key-block.ts";
import { nominalBackoffMs } from "../routing/backoff.ts";
import type { Failure } from "../routing/failure.ts";
import type { KeyQuota, PoolKey } from "./key-pool.ts";

/** What is remembered of a key for one model. */
export interface KeyForModel {
  /** 429, or a quota that the headers call spent. */
  cooldown: KeyBlock;
  /** 403. */
  quarantine: KeyBlock;
  /** Share of the quota that was left, while it holds. */
  share: number;
  /** Instant from which `share` says nothing any more. */
  shareUntil: number;
}

/** What is remembered of a key. Belongs to its leases: they settle on it even when the pool no longer has it. */
export interface KeyState {
  readonly identity: PoolKey;
  readonly loadedAt: number;
  inFlight: number;
  /** 401. */
  quarantine: KeyBlock;
  /** The whole quota is spent. */
  rest: KeyBlock;
  /** A call is trying whether a key that was refused works again. */
  probing: boolean;
  readonly models: Map<string, KeyForModel>;
}

const cooldownMs = { baseMs: 1000, capMs: 60_000 };
const quarantineMs = { baseMs: 60_000, capMs: 1_800_000 };
/** Where the upstream does not say when the quota is whole again. */
const restMs = 3_600_000;
/** Headers name the instant at which a quota is whole, which is long after it is usable again. */
const longestQuotaWordMs = 60_000;

/** A key that nobody has called with yet. */
export function createKeyState(identity: PoolKey, loadedAt: number): KeyState {
  return {
    identity,
    loadedAt,
    inFlight: 0,
    quarantine: noBlock,
    rest: noBlock,
    probing: false,
    models: new Map(),
  };
}

/** What is remembered for this model, which begins now. */
export function forModel(key: KeyState, upstreamModel: string): KeyForModel {
  const known = key.models.get(upstreamModel);
  if (known !== undefined) return known;
  const fresh: KeyForModel = { cooldown: noBlock, quarantine: noBlock, share: 1, shareUntil: -Infinity };
  key.models.set(upstreamModel, fresh);
  return fresh;
}

/** What an attempt with the key taught, applied to its state. */
export function learn(
  key: KeyState,
  model: KeyForModel,
  failure: Failure | undefined,
  quota: KeyQuota | undefined,
  met: Refusal,
  random: () => number,
): void {
  switch (failure?.kind) {
    case "rate-limited":
      // Half of it fixed, so that keys cooled together do not come back together and none comes back at once.
      model.cooldown = refusedAgain(
        model.cooldown,
        met,
        (refusals) => nominalBackoffMs(cooldownMs, refusals + 1) * (0.5 + 0.5 * random()),
      );
      break;
    case "quota-exhausted":
      key.rest = refusedAgain(key.rest, { ...met, hintMs: met.hintMs ?? quota?.resetMs }, () => restMs);
      break;
    case "unauthorized":
      key.quarantine = refusedAgain(key.quarantine, { ...met, hintMs: undefined }, quarantineFor);
      break;
    case "forbidden":
      model.quarantine = refusedAgain(model.quarantine, { ...met, hintMs: undefined }, quarantineFor);
      break;
    // An answer, or a refusal of what the caller asked: the key was good for it.
    case undefined:
    case "invalid-request":
    case "request-too-large":
    case "context-too-long":
    case "content-filtered":
      key.quarantine = acceptedAgain(key.quarantine, met.pickedAs);
      key.rest = acceptedAgain(key.rest, met.pickedAs);
      model.quarantine = acceptedAgain(model.quarantine, met.pickedAs);
      model.cooldown = acceptedAgain(model.cooldown, met.pickedAs);
      break;
    // Nothing of these is about the key.
    case "model-missing":
    case "redirected":
    case "overloaded":
    case "server-error":
    case "conflict":
    case "unreachable":
    case "connection-lost":
    case "stale-connection":
    case "timeout":
    case "bad-response":
    case "stream-broken":
    case "cancelled":
    case "deadline-exceeded":
    case "draining":
    case "local":
  }
  if (quota !== undefined) learnQuota(model, quota, met.now);
}

function quarantineFor(refusals: number): number {
  return nominalBackoffMs(quarantineMs, refusals + 1);
}

function learnQuota(model: KeyForModel, quota: KeyQuota, now: number): void {
  const wordMs = Math.min(quota.resetMs ?? longestQuotaWordMs, longestQuotaWordMs);
  model.share = quota.remainingShare;
  model.shareUntil = now + wordMs;
  if (quota.remainingShare > 0) return;
  const coolMs = quota.resetMs === undefined ? cooldownMs.baseMs : wordMs;
  model.cooldown = { ...model.cooldown, until: Math.max(model.cooldown.until, now + coolMs) };
}
