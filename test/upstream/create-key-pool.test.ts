import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Failure, FailureKind } from "../../src/routing/failure.ts";
import { createKeyPool } from "../../src/upstream/create-key-pool.ts";
import type { KeyLease, KeyPool, KeyQuota } from "../../src/upstream/key-pool.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";

const none: ReadonlySet<string> = new Set();
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

interface PoolWorld {
  readonly pool: KeyPool;
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
  const pool = createKeyPool({ keys: ids.map((id) => ({ id })), now: clock.now, random: () => random });
  return {
    pool,
    clock,
    call: (kind, more = {}) => {
      const lease = pool.pick(more.model ?? model, none);
      lease?.settle(kind === undefined ? undefined : failure(kind, more.hintMs), more.quota);
      return lease?.keyId;
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
    expect(leases.map(({ keyId }) => keyId)).toEqual(["a", "b", "c", "a"]);
    leases[1]?.settle(undefined, undefined);
    expect(pickSome(pool).keyId).toBe("b");
  });

  it("is the key with the most quota left, whatever is in flight", () => {
    const { pool, call } = startPool(["a", "b"]);
    call(undefined, { quota: { remainingShare: 0.2, resetMs: 30_000 } });
    const leases = [pickSome(pool), pickSome(pool)];
    expect(leases.map(({ keyId }) => keyId)).toEqual(["b", "b"]);
    leases[0]?.settle(undefined, { remainingShare: 0.1, resetMs: 30_000 });
    expect(pickSome(pool).keyId).toBe("a");
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
    expect(pool.pick(model, new Set(["a"]))?.keyId).toBe("b");
    expect(pool.pick(model, new Set(["a", "b"]))).toBeUndefined();
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
    expect([pickSome(pool), pickSome(pool, other)].map(({ keyId }) => keyId)).toEqual(["a", "a"]);
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
    expect(pool.pick(other, none)?.keyId).toBe("a");
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

function startRun(size: number, random: number) {
  const clock = createManualClock();
  const keys = ["a", "b", "c"].slice(0, size).map((id) => ({ id }));
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
    | { readonly kind: "advance"; readonly ms: number };
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
    readonly pool: KeyPool;
    readonly onPick: (open: Open, others: readonly Open[]) => void;
    readonly onSettle: (
      open: Open,
      step: Extract<Command, { readonly kind: "settle" }>,
      turn: number,
    ) => void;
  }

  function play(steps: readonly Command[], clock: ManualClock, { pool, onPick, onSettle }: Run): void {
    const open: Open[] = [];
    for (const [turn, step] of steps.entries()) {
      if (step.kind === "advance") clock.advanceSync(step.ms);
      if (step.kind === "pick") {
        const blocked = pool.blocked(step.model);
        const lease = pool.pick(step.model, none);
        expect(lease === undefined).toBe(blocked !== undefined);
        if (blocked !== undefined) expect(blocked.readyAt).toBeGreaterThan(clock.now());
        if (lease === undefined) continue;
        const picked = { lease, model: step.model, pickedAt: turn };
        onPick(picked, open);
        open.push(picked);
      }
      if (step.kind === "settle" && open.length > 0) {
        const settled = open.splice(step.nth % open.length, 1)[0]!;
        const quota = step.share === undefined ? undefined : { remainingShare: step.share, resetMs: 1000 };
        const met = step.failure === undefined ? undefined : failure(step.failure, step.hintMs);
        settled.lease.settle(met, quota);
        onSettle(settled, step, turn);
      }
    }
    for (const { lease } of open) lease.settle(undefined, undefined);
    expect(pool.snapshot().every(({ inFlight }) => inFlight === 0)).toBe(true);
    // No key is blocked for ever.
    clock.advanceSync(24 * 3_600_000);
    expect([pool.blocked(model), pool.blocked(other)]).toEqual([undefined, undefined]);
  }

  it("a cooled key is not used for its model before the time that the upstream named", () => {
    fc.assert(
      fc.property(commands, fc.integer({ min: 1, max: 3 }), unit, (steps, size, random) => {
        const { clock, pool } = startRun(size, random);
        const notBefore = new Map<string, number>();
        play(steps, clock, {
          pool,
          onPick: (picked) => {
            const promised = notBefore.get(`${picked.lease.keyId}/${picked.model}`) ?? 0;
            expect(promised).toBeLessThanOrEqual(clock.now());
          },
          onSettle: (settled, { failure: kind, hintMs }) => {
            if (kind !== "rate-limited" || hintMs === undefined) return;
            const held = `${settled.lease.keyId}/${settled.model}`;
            notBefore.set(held, Math.max(notBefore.get(held) ?? 0, clock.now() + hintMs));
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
        const notBefore = new Map<string, number>();
        /** The turn in which the key was last refused, while it has not been accepted since. */
        const refusedIn = new Map<string, number>();
        play(steps, clock, {
          pool,
          onPick: ({ lease: { keyId } }, others) => {
            expect(notBefore.get(keyId) ?? 0).toBeLessThanOrEqual(clock.now());
            const since = refusedIn.get(keyId);
            if (since === undefined) return;
            expect(others.filter(({ lease, pickedAt }) => lease.keyId === keyId && pickedAt > since)).toEqual(
              [],
            );
          },
          onSettle: ({ lease: { keyId }, pickedAt }, { failure: kind }, turn) => {
            if (pickedAt < (refusedIn.get(keyId) ?? -1)) return;
            if (kind === "unauthorized") {
              notBefore.set(keyId, clock.now() + 60_000);
              refusedIn.set(keyId, turn);
            } else if (kind === undefined || kind === "invalid-request") refusedIn.delete(keyId);
          },
        });
      }),
      { numRuns: 2000 },
    );
  });
});
