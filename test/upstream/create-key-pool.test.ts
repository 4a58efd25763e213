import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Failure, FailureKind } from "../../src/routing/failure.ts";
import { createKeyPool } from "../../src/upstream/create-key-pool.ts";
import type {
  KeyFact,
  KeyLease,
  KeyPool,
  KeyQuota,
  LeasedKey,
  PoolKey,
  ReplaceableKeyPool,
} from "../../src/upstream/key-pool.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";

const none: ReadonlySet<LeasedKey> = new Set();
const model = "model-x";
const other = "model-y";

function failure(kind: FailureKind, retryAfterMs?: number): Failure {
  return {
    kind,
    message: "",
    httpStatus: undefined,
    upstreamCode: undefined,
    upstreamRequestId: undefined,
    retryAfterMs,
  };
}

/** @param secret which of the secrets that the key has in turn */
function keyOf(id: string, secret = 1): PoolKey {
  return { id, fingerprint: `${id}${secret}` };
}

interface PoolWorld {
  readonly pool: ReplaceableKeyPool;
  readonly clock: ManualClock;
  /** Picks, and settles with what came of it. */
  readonly call: (
    kind?: FailureKind,
    more?: { hintMs?: number; quota?: KeyQuota; model?: string },
  ) => string | undefined;
}

/** @param random what the jitter draws */
function startPool(ids: readonly string[], random = 0): PoolWorld {
  const clock = createManualClock();
  const pool = createKeyPool({ keys: ids.map((id) => keyOf(id)), now: clock.now, random: () => random });
  return {
    pool,
    clock,
    call: (kind, more = {}) => {
      const lease = pool.pick(more.model ?? model, none);
      lease?.settle(kind === undefined ? undefined : failure(kind, more.hintMs), more.quota);
      return lease?.key.id;
    },
  };
}

function pickSome(pool: KeyPool, upstreamModel = model, exclude = none): KeyLease {
  const lease = pool.pick(upstreamModel, exclude);
  if (lease === undefined) throw new Error("no key is usable");
  return lease;
}

describe("a pick", () => {
  it("is the first in the config where nothing tells keys apart", () => {
    const { call } = startPool(["a", "b"]);
    expect([call(), call(), call()]).toEqual(["a", "a", "a"]);
  });

  it("is the least in flight among keys with the same share", () => {
    const { pool } = startPool(["a", "b", "c"]);
    const leases = [pickSome(pool), pickSome(pool), pickSome(pool), pickSome(pool)];
    expect(leases.map(({ key }) => key.id)).toEqual(["a", "b", "c", "a"]);
    leases[1]?.settle(undefined, undefined);
    expect(pickSome(pool).key.id).toBe("b");
  });

  it("is the key with the most quota left, whatever is in flight", () => {
    const { pool, call } = startPool(["a", "b"]);
    call(undefined, { quota: { remainingShare: 0.2, resetMs: 30_000 } });
    const leases = [pickSome(pool), pickSome(pool)];
    expect(leases.map(({ key }) => key.id)).toEqual(["b", "b"]);
    leases[0]?.settle(undefined, { remainingShare: 0.1, resetMs: 30_000 });
    expect(pickSome(pool).key.id).toBe("a");
  });

  it("counts a quota as whole again once its reset has come", () => {
    const { clock, call } = startPool(["a", "b"]);
    call(undefined, { quota: { remainingShare: 0.2, resetMs: 30_000 } });
    clock.advanceSync(29_999);
    expect(call()).toBe("b");
    clock.advanceSync(1);
    expect(call()).toBe("a");
  });

  it("believes a quota for a minute at most: the header names the time until it is whole", () => {
    const { clock, call } = startPool(["a", "b"]);
    call(undefined, { quota: { remainingShare: 0.2, resetMs: 360_000 } });
    clock.advanceSync(60_000);
    expect(call()).toBe("a");
  });

  it("knows quotas by model", () => {
    const { call } = startPool(["a", "b"]);
    call(undefined, { quota: { remainingShare: 0.2, resetMs: 30_000 } });
    expect(call(undefined, { model: other })).toBe("a");
    expect(call()).toBe("b");
  });

  it("leaves out what the visit has tried", () => {
    const { pool } = startPool(["a", "b"]);
    const [a, b] = [pickSome(pool).key, pickSome(pool).key];
    expect(pool.pick(model, new Set([a]))?.key.id).toBe("b");
    expect(pool.pick(model, new Set([a, b]))).toBeUndefined();
  });

  it("of a pool without keys is none, and nobody knows until when", () => {
    const { pool } = startPool([]);
    expect(pool.size).toBe(0);
    expect(pool.pick(model, none)).toBeUndefined();
    expect(pool.blocked(model)).toEqual({ readyAt: Infinity, why: "quarantined" });
  });
});

describe("429", () => {
  it("cools the key for that model, exactly as long as the upstream says", () => {
    const { pool, clock, call } = startPool(["a"], 0.9);
    call("rate-limited", { hintMs: 2000 });
    expect(pool.blocked(model)).toEqual({ readyAt: 3000, why: "rate-limited" });
    clock.advanceSync(1999);
    expect(pool.pick(model, none)).toBeUndefined();
    clock.advanceSync(1);
    expect(pool.blocked(model)).toBeUndefined();
    expect(call()).toBe("a");
  });

  it("leaves the key to other models", () => {
    const { pool, call } = startPool(["a"]);
    call("rate-limited", { hintMs: 2000 });
    expect(pool.blocked(other)).toBeUndefined();
    expect(call(undefined, { model: other })).toBe("a");
  });

  it("without a hint cools 1 s, doubled with each in a row up to 60 s, the half of it jitter", () => {
    for (const { random, factor } of [
      { random: 0, factor: 0.5 },
      { random: 0.5, factor: 0.75 },
    ]) {
      const { pool, clock, call } = startPool(["a"], random);
      const waits: number[] = [];
      for (let n = 0; n < 9; n++) {
        call("rate-limited");
        const wait = pool.blocked(model)!.readyAt - clock.now();
        waits.push(wait);
        clock.advanceSync(wait);
      }
      expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1000 * factor));
    }
  });

  it("is forgotten with the first answer", () => {
    const { pool, clock, call } = startPool(["a"]);
    for (let n = 0; n < 4; n++) {
      call("rate-limited");
      clock.advanceSync(60_000);
    }
    call();
    call("rate-limited");
    expect(pool.blocked(model)!.readyAt - clock.now()).toBe(500);
  });

  it("met by many calls at once counts once", () => {
    const { pool, clock } = startPool(["a"]);
    const leases = Array.from({ length: 50 }, () => pickSome(pool));
    for (const lease of leases) lease.settle(failure("rate-limited"), undefined);
    expect(pool.blocked(model)!.readyAt - clock.now()).toBe(500);
  });

  it("met by many calls at once lasts as long as the longest hint", () => {
    const { pool, clock } = startPool(["a"]);
    const leases = [pickSome(pool), pickSome(pool), pickSome(pool)];
    leases[0]?.settle(failure("rate-limited", 2000), undefined);
    leases[1]?.settle(failure("rate-limited", 5000), undefined);
    leases[2]?.settle(failure("rate-limited", 1000), undefined);
    expect(pool.blocked(model)!.readyAt - clock.now()).toBe(5000);
  });

  it("is not undone by an answer to a call that is older", () => {
    const { pool } = startPool(["a"]);
    const [slow, refused] = [pickSome(pool), pickSome(pool)];
    refused.settle(failure("rate-limited", 2000), undefined);
    slow.settle(undefined, undefined);
    expect(pool.blocked(model)).toMatchObject({ why: "rate-limited" });
  });
});

describe("a word of the upstream that comes late", () => {
  it("holds against the answer to a call that was picked before it", () => {
    const { pool, clock } = startPool(["a"]);
    const [late, first] = [pickSome(pool), pickSome(pool)];
    first.settle(failure("rate-limited"), undefined);
    clock.advanceSync(500);
    const next = pickSome(pool);
    late.settle(failure("rate-limited", 5000), undefined);
    next.settle(undefined, undefined);
    expect(pool.blocked(model)?.readyAt).toBe(clock.now() + 5000);
  });
});

describe("a spent quota", () => {
  it("rests the key for every model, an hour where the upstream says nothing", () => {
    const { pool, clock, call } = startPool(["a"]);
    call("quota-exhausted");
    for (const name of [model, other]) {
      expect(pool.blocked(name)).toEqual({ readyAt: clock.now() + 3_600_000, why: "rate-limited" });
    }
  });

  it("rests it until its reset where the upstream says when", () => {
    for (const told of [{ hintMs: 90_000 }, { quota: { remainingShare: 0.5, resetMs: 90_000 } }]) {
      const { pool, clock, call } = startPool(["a"]);
      call("quota-exhausted", told);
      expect(pool.blocked(other)?.readyAt).toBe(clock.now() + 90_000);
    }
  });

  it("is tried again by one call at a time", () => {
    const { pool, clock, call } = startPool(["a"]);
    call("quota-exhausted", { hintMs: 1000 });
    clock.advanceSync(1000);
    const probe = pickSome(pool);
    expect(pool.pick(model, none)).toBeUndefined();
    expect(pool.blocked(model)).toEqual({ readyAt: clock.now() + 1000, why: "rate-limited" });
    probe.settle(undefined, undefined);
    expect(pool.blocked(model)).toBeUndefined();
  });

  it("by the headers of a whole answer cools the key for that model until the reset, a minute at most", () => {
    for (const { resetMs, expected } of [
      { resetMs: 250, expected: 250 },
      { resetMs: 360_000, expected: 60_000 },
      { resetMs: undefined, expected: 1000 },
    ]) {
      const { pool, clock, call } = startPool(["a"]);
      call(undefined, { quota: { remainingShare: 0, resetMs } });
      expect(pool.blocked(model)).toEqual({ readyAt: clock.now() + expected, why: "rate-limited" });
      expect(pool.blocked(other)).toBeUndefined();
      clock.advanceSync(expected);
      expect(call()).toBe("a");
    }
  });

  it("by the headers never makes a longer cooldown shorter", () => {
    const { pool, clock, call } = startPool(["a"]);
    call("rate-limited", { hintMs: 30_000, quota: { remainingShare: 0, resetMs: 250 } });
    expect(pool.blocked(model)?.readyAt).toBe(clock.now() + 30_000);
  });
});

describe("401", () => {
  it("quarantines the key for every model: 60 s, doubled up to half an hour, with one re-probe each time", () => {
    const { pool, clock, call } = startPool(["a"]);
    const waits: number[] = [];
    for (let n = 0; n < 7; n++) {
      call("unauthorized");
      expect(pool.blocked(other)?.why).toBe("quarantined");
      const wait = pool.blocked(model)!.readyAt - clock.now();
      waits.push(wait / 60_000);
      clock.advanceSync(wait - 1);
      expect(pool.pick(model, none)).toBeUndefined();
      clock.advanceSync(1);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30]);
  });

  it("heeds no Retry-After: a key does not heal by the clock", () => {
    const { pool, clock, call } = startPool(["a"]);
    call("unauthorized", { hintMs: 1 });
    expect(pool.blocked(model)?.readyAt).toBe(clock.now() + 60_000);
  });

  it("lets exactly one call try again, of whatever model, and the others know to come back", () => {
    const { pool, clock, call } = startPool(["a"]);
    call("unauthorized");
    clock.advanceSync(60_000);
    expect(pool.blocked(model)).toBeUndefined();
    const probe = pickSome(pool);
    expect(pool.pick(model, none)).toBeUndefined();
    expect(pool.pick(other, none)).toBeUndefined();
    expect(pool.blocked(other)).toEqual({ readyAt: clock.now() + 1000, why: "quarantined" });
    probe.settle(undefined, undefined);
    expect([pickSome(pool), pickSome(pool, other)].map(({ key }) => key.id)).toEqual(["a", "a"]);
  });

  it("tries again with the next call where the probe told nothing about the key", () => {
    for (const kind of [
      "unreachable",
      "server-error",
      "overloaded",
      "timeout",
      "cancelled",
      "local",
    ] as const) {
      const { pool, clock, call } = startPool(["a"]);
      call("unauthorized");
      clock.advanceSync(60_000);
      call(kind);
      const probe = pickSome(pool);
      expect(pool.pick(model, none)).toBeUndefined();
      probe.settle(failure("unauthorized"), undefined);
      expect(pool.blocked(model)?.readyAt).toBe(clock.now() + 120_000);
    }
  });

  it("met by many calls at once counts once", () => {
    const { pool, clock } = startPool(["a"]);
    const leases = Array.from({ length: 50 }, () => pickSome(pool));
    for (const lease of leases) lease.settle(failure("unauthorized"), undefined);
    expect(pool.blocked(model)?.readyAt).toBe(clock.now() + 60_000);
  });

  it("is not undone by an answer to a call that is older", () => {
    const { pool } = startPool(["a"]);
    const [slow, refused] = [pickSome(pool), pickSome(pool)];
    refused.settle(failure("unauthorized"), undefined);
    slow.settle(undefined, undefined);
    expect(pool.blocked(model)?.why).toBe("quarantined");
  });

  it("is forgotten once the upstream accepts the key, even to refuse the request", () => {
    for (const kind of [
      undefined,
      "invalid-request",
      "context-too-long",
      "content-filtered",
      "request-too-large",
    ] as const) {
      const { pool, clock, call } = startPool(["a"]);
      call("unauthorized");
      clock.advanceSync(60_000);
      call(kind);
      expect(pool.snapshot()[0]).toMatchObject({ state: "usable" });
      call("unauthorized");
      expect(pool.blocked(model)?.readyAt).toBe(clock.now() + 60_000);
    }
  });

  it("of one key moves calls to the next", () => {
    const { call } = startPool(["a", "b"]);
    expect([call("unauthorized"), call(), call()]).toEqual(["a", "b", "b"]);
  });
});

describe("403", () => {
  it("quarantines the key for that model alone, with one re-probe", () => {
    const { pool, clock, call } = startPool(["a"]);
    call("forbidden");
    expect(pool.blocked(model)).toEqual({ readyAt: clock.now() + 60_000, why: "quarantined" });
    expect(pool.blocked(other)).toBeUndefined();
    clock.advanceSync(60_000);
    const probe = pickSome(pool);
    expect(pool.pick(model, none)).toBeUndefined();
    expect(pool.pick(other, none)?.key.id).toBe("a");
    probe.settle(failure("forbidden"), undefined);
    expect(pool.blocked(model)?.readyAt).toBe(clock.now() + 120_000);
  });
});

describe("what is not about the key", () => {
  it("changes nothing", () => {
    const kinds: readonly FailureKind[] = [
      "model-missing",
      "redirected",
      "overloaded",
      "server-error",
      "conflict",
      "unreachable",
      "connection-lost",
      "stale-connection",
      "timeout",
      "bad-response",
      "stream-broken",
      "cancelled",
      "deadline-exceeded",
      "draining",
      "local",
    ];
    for (const kind of kinds) {
      const { pool, call } = startPool(["a"]);
      call(kind, { hintMs: 5000 });
      expect(pool.blocked(model)).toBeUndefined();
      expect(pool.snapshot()[0]?.state).toBe("usable");
    }
  });
});

describe("a pool whose every key is blocked", () => {
  it("is ready when the first of them is, and rate-limited where any merely cools", () => {
    const { pool, clock, call } = startPool(["a", "b"]);
    call("unauthorized");
    call("rate-limited", { hintMs: 90_000 });
    expect(pool.blocked(model)).toEqual({ readyAt: clock.now() + 60_000, why: "rate-limited" });
  });

  it("is quarantined where all of them are", () => {
    const { pool, call } = startPool(["a", "b"]);
    call("unauthorized");
    call("forbidden");
    expect(pool.blocked(model)?.why).toBe("quarantined");
  });
});

describe("a lease", () => {
  it("is settled once: twice is a bug", () => {
    const { pool } = startPool(["a"]);
    const lease = pickSome(pool);
    lease.settle(undefined, undefined);
    expect(() => lease.settle(undefined, undefined)).toThrow("settled twice");
    expect(pool.snapshot()[0]?.inFlight).toBe(0);
  });
});

describe("a snapshot", () => {
  it("tells ids, states, when they end and what is in flight", () => {
    const { pool, clock, call } = startPool(["a", "b", "c"]);
    call("rate-limited", { hintMs: 5000 });
    call("unauthorized");
    pickSome(pool);
    const loadedAt = clock.now();
    expect(pool.snapshot()).toEqual([
      { keyId: "a", state: "cooling", readyAt: loadedAt + 5000, inFlight: 0, loadedAt },
      { keyId: "b", state: "quarantined", readyAt: loadedAt + 60_000, inFlight: 0, loadedAt },
      { keyId: "c", state: "usable", readyAt: undefined, inFlight: 1, loadedAt },
    ]);
    clock.advanceSync(5000);
    expect(pool.snapshot()[0]).toMatchObject({ state: "usable", readyAt: undefined });
  });
});

describe("keys that take the place of others", () => {
  it("serve the next pick, while a lease of an old one settles without a word about them", () => {
    const { pool, clock } = startPool(["a"]);
    const old = pickSome(pool);
    clock.advanceSync(500);
    pool.replace([keyOf("a", 2)]);
    const fresh = pickSome(pool);
    expect(fresh.key).not.toBe(old.key);
    expect(pool.snapshot()).toMatchObject([{ keyId: "a", inFlight: 1, loadedAt: clock.now() }]);
    old.settle(failure("unauthorized"), { remainingShare: 0, resetMs: 30_000 });
    expect(pool.snapshot()).toMatchObject([{ state: "usable", inFlight: 1 }]);
    expect(pool.blocked(model)).toBeUndefined();
  });

  it("do not stay in the quarantine, the rest or the cooldown of a secret that is gone", () => {
    for (const kind of ["unauthorized", "forbidden", "quota-exhausted", "rate-limited"] as const) {
      const { pool, call } = startPool(["a"]);
      call(kind);
      expect(pool.blocked(model)).toBeDefined();
      pool.replace([keyOf("a", 2)]);
      expect(pool.blocked(model)).toBeUndefined();
      // Nor does one call alone find out: nobody has refused this secret.
      expect([pickSome(pool), pickSome(pool)].map(({ key }) => key.id)).toEqual(["a", "a"]);
    }
  });

  it("keep all that is known of a key whose secret did not change, its place aside", () => {
    const { pool, clock, call } = startPool(["a", "b"]);
    const loadedAt = clock.now();
    call("rate-limited", { hintMs: 5000 });
    const lease = pickSome(pool);
    clock.advanceSync(100);
    pool.replace([keyOf("c"), keyOf("b"), keyOf("a")]);
    expect(pool.snapshot()).toMatchObject([
      { keyId: "c", state: "usable", inFlight: 0, loadedAt: loadedAt + 100 },
      { keyId: "b", state: "usable", inFlight: 1, loadedAt },
      { keyId: "a", state: "cooling", readyAt: loadedAt + 5000, loadedAt },
    ]);
    lease.settle(undefined, undefined);
    expect(pool.snapshot()[1]).toMatchObject({ inFlight: 0 });
    expect([pool.size, pickSome(pool).key.id]).toEqual([3, "c"]);
  });

  it("may be tried in a visit in which the old secret of the same id was refused", () => {
    const { pool } = startPool(["a"]);
    const old = pickSome(pool);
    pool.replace([keyOf("a", 2)]);
    old.settle(failure("unauthorized"), undefined);
    expect(pool.pick(model, new Set([old.key]))?.key.id).toBe("a");
  });

  it("may be none: then nothing is usable, and nobody knows until when", () => {
    const { pool } = startPool(["a"]);
    pool.replace([]);
    expect(pool.pick(model, none)).toBeUndefined();
    expect(pool.blocked(model)).toEqual({ readyAt: Infinity, why: "quarantined" });
  });
});

interface Shared {
  readonly pool: ReplaceableKeyPool;
  readonly facts: KeyFact[];
  readonly settle: (kind: FailureKind | undefined, hintMs?: number, quota?: KeyQuota) => void;
}

function startShared(clock: ManualClock, secret = 1): Shared {
  const facts: KeyFact[] = [];
  const pool = createKeyPool({
    keys: [keyOf("a", secret), keyOf("b")],
    now: clock.now,
    random: () => 0,
    onFact: (fact) => facts.push(fact),
  });
  return {
    pool,
    facts,
    settle: (kind, hintMs, quota) =>
      pickSome(pool).settle(kind === undefined ? undefined : failure(kind, hintMs), quota),
  };
}

describe("what a pool shares with those of other processes", () => {
  const rows = [
    {
      name: "a cooldown, for its model",
      kind: "rate-limited",
      hintMs: 5000,
      fact: { why: "rate-limited", ttlMs: 5000, upstreamModel: model },
    },
    {
      name: "a spent quota",
      kind: "quota-exhausted",
      hintMs: 9000,
      fact: { why: "quota-exhausted", ttlMs: 9000 },
    },
    { name: "a quarantine", kind: "unauthorized", fact: { why: "unauthorized", ttlMs: 60_000 } },
    {
      name: "a quarantine for a model",
      kind: "forbidden",
      fact: { why: "forbidden", ttlMs: 60_000, upstreamModel: model },
    },
    {
      name: "the end of a quota that the headers tell",
      kind: undefined,
      quota: { remainingShare: 0, resetMs: 7000 },
      fact: { why: "rate-limited", ttlMs: 7000, upstreamModel: model },
    },
  ] as const satisfies readonly {
    name: string;
    kind: FailureKind | undefined;
    hintMs?: number;
    quota?: KeyQuota;
    fact: Partial<KeyFact>;
  }[];
  for (const { name, kind, fact, ...more } of rows) {
    it(`is ${name}, and it holds there as it does here`, () => {
      const clock = createManualClock();
      const here = startShared(clock);
      const { hintMs, quota } = { hintMs: undefined, quota: undefined, ...more };
      here.settle(kind, hintMs, quota);
      expect(here.facts).toEqual([{ keyId: "a", fingerprint: "a1", ...fact }]);
      const there = startShared(clock);
      there.pool.learn(here.facts[0]!);
      expect(there.facts).toEqual([]);
      expect(there.pool.pick(model, none)?.key.id).toBe("b");
      expect(there.pool.pick(other, none)?.key.id).toBe("upstreamModel" in fact ? "a" : "b");
      clock.advanceSync(fact.ttlMs);
      expect(there.pool.pick(model, none)?.key.id).toBe("a");
    });
  }

  it("is nothing where nothing was learned, or only what was known", () => {
    const clock = createManualClock();
    const { pool, facts, settle } = startShared(clock);
    settle(undefined);
    settle("server-error");
    expect(facts).toEqual([]);
    const [one, , another] = [pickSome(pool), pickSome(pool), pickSome(pool)];
    one.settle(failure("rate-limited", 5000), undefined);
    another.settle(failure("rate-limited", 1000), undefined);
    expect(facts).toMatchObject([{ keyId: "a", ttlMs: 5000 }]);
  });

  it("says nothing of another secret, nor of a key that is not there", () => {
    const clock = createManualClock();
    const there = startShared(clock, 2);
    there.pool.learn({ keyId: "a", fingerprint: "a1", ttlMs: 5000, why: "unauthorized" });
    there.pool.learn({ keyId: "z", fingerprint: "z1", ttlMs: 5000, why: "unauthorized" });
    expect(there.pool.snapshot().map(({ state }) => state)).toEqual(["usable", "usable"]);
  });

  it("is not undone by the answer to a call that is older, and one call tries the key when it is over", () => {
    const clock = createManualClock();
    const { pool } = startShared(clock);
    const older = pickSome(pool);
    pool.learn({ keyId: "a", fingerprint: "a1", ttlMs: 5000, why: "unauthorized" });
    older.settle(undefined, undefined);
    expect(pool.snapshot()[0]).toMatchObject({ state: "quarantined", readyAt: clock.now() + 5000 });
    clock.advanceSync(5000);
    expect([pickSome(pool), pickSome(pool)].map(({ key }) => key.id)).toEqual(["a", "b"]);
  });

  it("never makes a rest shorter", () => {
    const clock = createManualClock();
    const { pool, settle } = startShared(clock);
    settle("unauthorized");
    pool.learn({ keyId: "a", fingerprint: "a1", ttlMs: 1, why: "unauthorized" });
    expect(pool.snapshot()[0]?.readyAt).toBe(clock.now() + 60_000);
  });
});

function startRun(size: number, random: number) {
  const clock = createManualClock();
  const keys = ["a", "b", "c"].slice(0, size).map((id) => keyOf(id));
  return { clock, pool: createKeyPool({ keys, now: clock.now, random: () => random }) };
}

describe("laws", () => {
  type Command =
    | { readonly kind: "pick"; readonly model: string }
    | {
        readonly kind: "settle";
        readonly nth: number;
        readonly failure: FailureKind | undefined;
        readonly hintMs: number | undefined;
        readonly share: number | undefined;
      }
    | { readonly kind: "advance"; readonly ms: number }
    | { readonly kind: "replace"; readonly secrets: readonly number[] };
  const kinds: readonly (FailureKind | undefined)[] = [
    undefined,
    undefined,
    "rate-limited",
    "rate-limited",
    "quota-exhausted",
    "unauthorized",
    "forbidden",
    "server-error",
    "invalid-request",
  ];
  const command: fc.Arbitrary<Command> = fc.oneof(
    fc.record({ kind: fc.constant("pick" as const), model: fc.constantFrom(model, other) }),
    fc.record({
      kind: fc.constant("settle" as const),
      nth: fc.nat(20),
      failure: fc.constantFrom(...kinds),
      hintMs: fc.option(fc.integer({ min: 1, max: 200_000 }), { nil: undefined }),
      share: fc.option(fc.constantFrom(0, 0.5, 1), { nil: undefined }),
    }),
    fc.record({
      kind: fc.constant("advance" as const),
      ms: fc.constantFrom(1, 500, 1000, 30_000, 60_000, 3_600_000),
    }),
    fc.record({
      kind: fc.constant("replace" as const),
      // 0 leaves the key out.
      secrets: fc.array(fc.nat(2), { minLength: 3, maxLength: 3 }),
    }),
  );
  const commands = fc.array(command, { maxLength: 120 });
  const unit = fc.double({ min: 0, max: 0.999, noNaN: true });

  /** A call under way, and what happened since it was picked. */
  interface Open {
    readonly lease: KeyLease;
    readonly model: string;
    readonly pickedAt: number;
  }

  interface Run {
    readonly pool: ReplaceableKeyPool;
    readonly onPick: (open: Open, others: readonly Open[]) => void;
    readonly onSettle: (
      open: Open,
      step: Extract<Command, { readonly kind: "settle" }>,
      turn: number,
    ) => void;
  }

  function play(steps: readonly Command[], clock: ManualClock, { pool, onPick, onSettle }: Run): void {
    const open: Open[] = [];
    /** The fingerprints of the last list that the pool was given. */
    let listed: readonly string[] | undefined;
    const told = (): unknown => [pool.snapshot(), pool.blocked(model), pool.blocked(other)];
    for (const [turn, step] of steps.entries()) {
      if (step.kind === "replace") {
        const keys = step.secrets.flatMap((secret, n) => (secret === 0 ? [] : [keyOf("abc"[n]!, secret)]));
        pool.replace(keys);
        listed = keys.map(({ fingerprint }) => fingerprint);
        expect(pool.snapshot().map(({ keyId }) => keyId)).toEqual(keys.map(({ id }) => id));
      }
      if (step.kind === "advance") clock.advanceSync(step.ms);
      if (step.kind === "pick") {
        const blocked = pool.blocked(step.model);
        const lease = pool.pick(step.model, none);
        expect(lease === undefined).toBe(blocked !== undefined);
        if (blocked !== undefined) expect(blocked.readyAt).toBeGreaterThan(clock.now());
        if (lease === undefined) continue;
        if (listed !== undefined) expect(listed).toContain((lease.key as PoolKey).fingerprint);
        const picked = { lease, model: step.model, pickedAt: turn };
        onPick(picked, open);
        open.push(picked);
      }
      if (step.kind === "settle" && open.length > 0) {
        const settled = open.splice(step.nth % open.length, 1)[0]!;
        const quota = step.share === undefined ? undefined : { remainingShare: step.share, resetMs: 1000 };
        const met = step.failure === undefined ? undefined : failure(step.failure, step.hintMs);
        const gone = listed?.includes((settled.lease.key as PoolKey).fingerprint) === false;
        const before = told();
        settled.lease.settle(met, quota);
        if (gone) expect(told()).toEqual(before);
        onSettle(settled, step, turn);
      }
    }
    for (const { lease } of open) lease.settle(undefined, undefined);
    expect(pool.snapshot().every(({ inFlight }) => inFlight === 0)).toBe(true);
    pool.replace(["a", "b", "c"].map((id) => keyOf(id)));
    // No key is blocked for ever.
    clock.advanceSync(24 * 3_600_000);
    expect([pool.blocked(model), pool.blocked(other)]).toEqual([undefined, undefined]);
  }

  it("a cooled key is not used for its model before the time that the upstream named", () => {
    fc.assert(
      fc.property(commands, fc.integer({ min: 1, max: 3 }), unit, (steps, size, random) => {
        const { clock, pool } = startRun(size, random);
        const notBefore = new Map<LeasedKey, Map<string, number>>();
        play(steps, clock, {
          pool,
          onPick: (picked) => {
            const promised = notBefore.get(picked.lease.key)?.get(picked.model) ?? 0;
            expect(promised).toBeLessThanOrEqual(clock.now());
          },
          onSettle: (settled, { failure: kind, hintMs }) => {
            if (kind !== "rate-limited" || hintMs === undefined) return;
            const held = notBefore.get(settled.lease.key) ?? new Map<string, number>();
            held.set(settled.model, Math.max(held.get(settled.model) ?? 0, clock.now() + hintMs));
            notBefore.set(settled.lease.key, held);
          },
        });
      }),
      { numRuns: 2000 },
    );
  });

  it("a refused key is used by nobody for a minute, and then by one call until it is accepted", () => {
    fc.assert(
      fc.property(commands, fc.integer({ min: 1, max: 3 }), unit, (steps, size, random) => {
        const { clock, pool } = startRun(size, random);
        const notBefore = new Map<LeasedKey, number>();
        /** The turn in which the key was last refused, while it has not been accepted since. */
        const refusedIn = new Map<LeasedKey, number>();
        play(steps, clock, {
          pool,
          onPick: ({ lease: { key } }, others) => {
            expect(notBefore.get(key) ?? 0).toBeLessThanOrEqual(clock.now());
            const since = refusedIn.get(key);
            if (since === undefined) return;
            expect(others.filter(({ lease, pickedAt }) => lease.key === key && pickedAt > since)).toEqual([]);
          },
          onSettle: ({ lease: { key }, pickedAt }, { failure: kind }, turn) => {
            if (pickedAt < (refusedIn.get(key) ?? -1)) return;
            if (kind === "unauthorized") {
              notBefore.set(key, clock.now() + 60_000);
              refusedIn.set(key, turn);
            } else if (kind === undefined || kind === "invalid-request") refusedIn.delete(key);
          },
        });
      }),
      { numRuns: 2000 },
    );
  });
});
