import { afterEach, describe, expect, it } from "vitest";
import type { CanaryStore, LoadedCanary, SavedCanary } from "../../src/attempt/canary-store.ts";
import { type CanaryWatch, createCanaryWatch } from "../../src/attempt/canary-watch.ts";
import type { CanaryWord } from "../../src/attempt/canary-word.ts";
import type { CanaryConfig } from "../../src/config/config.ts";
import type { Arm } from "../../src/routing/canary-arm.ts";
import type { FailureKind } from "../../src/routing/failure.ts";
import { planRoute } from "../../src/routing/plan-route.ts";
import type { CanaryDecision } from "../../src/telemetry/canary-events.ts";
import { attemptEntry } from "../support/call-samples.ts";
import {
  canaryCatalog,
  endedCall,
  type EndedCallOptions,
  type Happening,
  keyOf,
} from "../support/canary-calls.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";
import { sampleFacts, sampleFailure } from "../support/routing-samples.ts";

const epoch = 1_700_000_000_000;
const minute = 60_000;
const served: Readonly<Record<Arm, Happening>> = {
  stable: { at: "acme/a@old", serves: true },
  canary: { at: "acme/a@new", serves: true },
};
const rescued: readonly Happening[] = [{ at: "acme/a@new", fails: "server-error" }, served.stable];

/** A store in memory: the port's second implementation. */
interface MemoryStore extends CanaryStore {
  loaded: LoadedCanary;
  broken: boolean;
  readonly saves: SavedCanary[];
}

function memoryStore(loaded: LoadedCanary = { kind: "nothing" }): MemoryStore {
  const store: MemoryStore = {
    loaded,
    broken: false,
    saves: [],
    load: () => Promise.resolve(store.loaded),
    save: (saved) => {
      if (store.broken) return Promise.resolve(false);
      store.saves.push(saved);
      store.loaded = { kind: "saved", saved };
      return Promise.resolve(true);
    },
  };
  return store;
}

interface World {
  readonly clock: ManualClock;
  readonly watch: CanaryWatch;
  readonly store: MemoryStore;
  readonly decisions: readonly CanaryDecision[];
  readonly resets: () => number;
  readonly unsaved: () => number;
  /** What the watches of other processes should hear. */
  readonly words: readonly CanaryWord[];
  /** A call of this arm, begun now, that went through this. */
  readonly call: (arm: Arm, happenings: readonly Happening[], options?: EndedCallOptions) => void;
  /** So many calls of both arms that nobody has anything against: nineteen of stable for one of the canary. */
  readonly healthy: (canaryCalls: number, fields?: Partial<{ firstTokenMs: number; nanos: bigint }>) => void;
  readonly attempt: (upstream: string, fails?: FailureKind) => void;
  /** The arm that a call with this key would have now. */
  readonly armOf: (key: string, canary?: "require" | "exclude" | "assigned") => Arm | "refused";
}

const watches: CanaryWatch[] = [];
afterEach(async () => {
  await Promise.all(watches.splice(0).map((watch) => watch.close()));
});

async function canaryWorld(
  config: Partial<CanaryConfig> = {},
  store: MemoryStore = memoryStore(),
): Promise<World> {
  const clock = createManualClock();
  const decisions: CanaryDecision[] = [];
  const words: CanaryWord[] = [];
  let resets = 0;
  let unsaved = 0;
  const watch = await createCanaryWatch({
    catalog: canaryCatalog,
    config: {
      stable: "old",
      canary: "new",
      weightBasisPoints: 500,
      autoRollback: true,
      promote: false,
      ...config,
    },
    store,
    now: clock.now,
    wallClock: () => epoch + clock.now(),
    setTimer: clock.setTimer,
    resetBreakers: () => {
      resets += 1;
    },
    onDecision: (decision) => decisions.push(decision),
    onUnsaved: () => {
      unsaved += 1;
    },
    onWord: (word) => words.push(word),
  });
  watches.push(watch);
  const call: World["call"] = (arm, happenings, options = {}) => {
    const catalog = { ...canaryCatalog, canary: { stable: "old", canary: "new", weightBasisPoints: 5000 } };
    const facts = { affinityKey: keyOf(arm), ...options.facts };
    const ended = endedCall(happenings, { startedAt: clock.now(), catalog, ...options, facts });
    watch.onCallEnd(ended.call, ended.end);
  };
  return {
    clock,
    watch,
    store,
    decisions,
    resets: () => resets,
    unsaved: () => unsaved,
    words,
    call,
    healthy: (canaryCalls, fields = {}) => {
      for (let index = 0; index < canaryCalls; index++) {
        for (let each = 0; each < 19; each++) call("stable", [{ at: "acme/a@old", serves: true, ...fields }]);
        call("canary", [{ at: "acme/a@new", serves: true, ...fields }]);
      }
    },
    attempt: (upstream, fails) =>
      watch.onAttempt(
        attemptEntry({
          upstream,
          outcome: fails === undefined ? "succeeded" : "failed",
          failure: fails === undefined ? undefined : sampleFailure(fails),
        }),
      ),
    armOf: (affinityKey, canary = "assigned") => {
      const planned = planRoute(watch.catalog(), sampleFacts({ affinityKey, canary }));
      return planned.kind === "planned" ? planned.plan.arm : "refused";
    },
  };
}

/** Canary calls that end like this until the canary is rolled back; fails after five hundred. */
function untilRolledBack({ watch, call }: World, happenings: readonly Happening[]): number {
  for (let calls = 1; calls <= 500; calls++) {
    call("canary", happenings);
    if (watch.report().standing.kind === "rolled-back") return calls;
  }
  throw new Error("the canary was not rolled back");
}

describe("a canary that fails", () => {
  it("is rolled back at its tenth call, though stable rescues every one", async () => {
    const world = await canaryWorld();
    for (let index = 0; index < 50; index++) world.call("stable", [served.stable]);
    expect(untilRolledBack(world, rescued)).toBe(10);
    expect(world.watch.report().standing).toEqual({
      kind: "rolled-back",
      rule: "errors",
      why: expect.stringMatching(/^10 of 10 canary calls failed, where up to \d+\.\d % would be no worse/),
      at: epoch + world.clock.now(),
    });
  });

  it("is rolled back as soon where it dies after a good while", async () => {
    const world = await canaryWorld();
    world.healthy(300);
    expect(untilRolledBack(world, rescued)).toBeLessThanOrEqual(10);
  });

  it("gets no call by its bucket any more, and every one that asks for it", async () => {
    const world = await canaryWorld();
    expect(world.armOf(keyOf("canary"))).toBe("canary");
    for (let index = 0; index < 50; index++) world.call("stable", [served.stable]);
    untilRolledBack(world, rescued);
    expect(world.armOf(keyOf("canary"))).toBe("stable");
    expect(world.armOf(keyOf("canary"), "require")).toBe("canary");
    expect(world.armOf(keyOf("canary"), "exclude")).toBe("stable");
  });

  it("is told of once, whatever comes after", async () => {
    const world = await canaryWorld();
    for (let index = 0; index < 50; index++) world.call("stable", [served.stable]);
    untilRolledBack(world, rescued);
    for (let index = 0; index < 50; index++) world.call("canary", rescued);
    await world.clock.advance(10 * minute);
    expect(world.decisions).toEqual([
      {
        kind: "rolled-back",
        canary: "new",
        weightBasisPoints: 0,
        rule: "errors",
        why: expect.stringContaining("10 of 10"),
      },
    ]);
    expect(world.watch.report().canary.calls).toBe(10);
  });

  it("is only reported where the config says not to roll back", async () => {
    const world = await canaryWorld({ autoRollback: false });
    for (let index = 0; index < 50; index++) world.call("stable", [served.stable]);
    for (let index = 0; index < 40; index++) world.call("canary", rescued);
    expect(
      world.decisions.map(({ kind, rule, weightBasisPoints }) => [kind, rule, weightBasisPoints]),
    ).toEqual([["alarmed", "errors", 500]]);
    expect(world.watch.report()).toMatchObject({
      standing: { kind: "trying", weightBasisPoints: 500 },
      alarm: expect.stringContaining("10 of 10"),
      canary: { calls: 40, rescued: 40 },
    });
    expect(world.armOf(keyOf("canary"))).toBe("canary");
  });
});

const ofTier = {
  simple: { facts: { target: { kind: "tier", tier: "simple" } } },
  standard: { facts: { target: { kind: "tier", tier: "standard" } } },
} as const satisfies Readonly<Record<string, EndedCallOptions>>;

describe("what does not count against a canary", () => {
  const ignored: readonly (readonly [string, readonly Happening[], EndedCallOptions])[] = [
    ["what callers ask wrongly", [{ at: "acme/a@new", fails: "invalid-request" }], {}],
    ["callers that leave", [{ at: "acme/a@new", fails: "cancelled", outcome: "cancelled" }], {}],
    ["calls that asked for it", rescued, { facts: { canary: "require" } }],
    [
      "calls that were pinned to it",
      rescued,
      { facts: { target: { kind: "deployment", deployment: "acme/a@new" } } },
    ],
  ];
  for (const [what, happenings, options] of ignored) {
    it(`is ${what}`, async () => {
      const world = await canaryWorld();
      for (let index = 0; index < 50; index++) world.call("stable", [served.stable]);
      for (let index = 0; index < 100; index++) world.call("canary", happenings, options);
      expect(world.watch.report()).toMatchObject({ standing: { kind: "trying" }, canary: { calls: 0 } });
    });
  }

  it("is what stable fails at as well, in calls of the same kind", async () => {
    const world = await canaryWorld();
    // The canary has more of the hard calls: its rate is far higher, but not for any kind of call.
    for (let round = 0; round < 400; round++) {
      for (let each = 0; each < 19; each++) world.call("stable", [served.stable], ofTier.simple);
      const hard: Happening =
        round % 2 === 0 ? { at: "acme/b@old", fails: "server-error" } : { at: "acme/b@old", serves: true };
      world.call("stable", [hard], ofTier.standard);
      world.call("canary", [{ ...hard, at: "acme/b@new" }], ofTier.standard);
    }
    const { standing, stable, canary } = world.watch.report();
    expect(standing.kind).toBe("trying");
    expect(stable.lost / stable.calls).toBeLessThan(0.03);
    expect(canary.lost / canary.calls).toBe(0.5);
  });

  it("is an outage of both", async () => {
    const world = await canaryWorld();
    world.healthy(200);
    for (let round = 0; round < 40; round++) {
      for (let each = 0; each < 19; each++)
        world.call("stable", [{ at: "acme/a@old", fails: "server-error" }]);
      world.call("canary", [{ at: "acme/a@new", fails: "server-error" }]);
    }
    expect(world.watch.report().standing.kind).toBe("trying");
  });
});

describe("a canary that is out", () => {
  it("is rolled back at the fifth connection in a row that does not come about", async () => {
    const world = await canaryWorld();
    for (let index = 0; index < 4; index++) world.attempt("new", "unreachable");
    expect(world.watch.report().standing.kind).toBe("trying");
    world.attempt("new", "unreachable");
    expect(world.watch.report().standing).toMatchObject({ kind: "rolled-back", rule: "unreachable" });
  });

  it("is rolled back once a breaker has not closed for a minute, by the next call or the next look", async () => {
    for (const noticed of ["call", "look"] as const) {
      const world = await canaryWorld();
      await world.clock.advance(30_000);
      world.watch.onBreaker("closed", "open", "acme/a@new");
      await world.clock.advance(40_000);
      world.watch.onBreaker("open", "half-open", "acme/a@new");
      expect(world.watch.report().standing.kind).toBe("trying");
      await world.clock.advance(noticed === "call" ? 20_000 : 60_000);
      if (noticed === "call") world.call("stable", [served.stable]);
      expect(world.watch.report().standing).toMatchObject({
        rule: "breaker-open",
        why: expect.stringContaining("acme/a@new"),
      });
    }
  });

  it("is left alone where the breaker closes in time", async () => {
    const world = await canaryWorld();
    world.watch.onBreaker("closed", "open", "acme/a@new");
    await world.clock.advance(59_000);
    world.watch.onBreaker("half-open", "closed", "acme/a@new");
    await world.clock.advance(10 * minute);
    expect(world.watch.report().standing.kind).toBe("trying");
  });
});

const minuteOf = async (world: World, stable: object, canary: object): Promise<void> => {
  for (let index = 0; index < 60; index++) {
    for (let each = 0; each < 3; each++) {
      world.call("stable", [{ at: "acme/a@old", serves: true, ...stable }], { stream: true });
    }
    world.call("canary", [{ at: "acme/a@new", serves: true, ...canary }], { stream: true });
  }
  await world.clock.advance(minute);
};

describe("a canary that is slow or dear", () => {
  for (const [rule, stable, canary] of [
    ["slow", { firstTokenMs: 200 }, { firstTokenMs: 260 }],
    ["dear", { nanos: 1000n }, { nanos: 1300n }],
  ] as const) {
    it(`is rolled back at the third look in a row that finds it ${rule} by 30 %`, async () => {
      const world = await canaryWorld();
      await minuteOf(world, stable, canary);
      await minuteOf(world, stable, canary);
      expect(world.watch.report().standing.kind).toBe("trying");
      await minuteOf(world, stable, canary);
      expect(world.watch.report().standing).toMatchObject({ kind: "rolled-back", rule });
    });

    it(`starts to count again where one look does not find it ${rule}`, async () => {
      const world = await canaryWorld();
      await minuteOf(world, stable, canary);
      await minuteOf(world, stable, canary);
      await minuteOf(world, stable, stable);
      await minuteOf(world, stable, canary);
      await minuteOf(world, stable, canary);
      expect(world.watch.report().standing.kind).toBe("trying");
    });
  }
});

const quietHalfHour = async (world: World, canaryCalls = 1000): Promise<void> => {
  world.healthy(canaryCalls);
  await world.clock.advance(31 * minute);
};
const weight = (world: World): number => world.watch.catalog().canary!.weightBasisPoints;

describe("a canary that is promoted", () => {
  it("goes step by step, each earned by calls of its own", async () => {
    const world = await canaryWorld({ promote: true });
    const weights: number[] = [];
    for (let step = 0; step < 4; step++) {
      await quietHalfHour(world);
      weights.push(weight(world));
      await world.clock.advance(60 * minute);
      expect(weight(world)).toBe(weights.at(-1));
    }
    expect(weights).toEqual([2500, 5000, 10_000, 10_000]);
    expect(world.decisions.map(({ kind, weightBasisPoints }) => `${kind} ${weightBasisPoints}`)).toEqual([
      "promoted 2500",
      "promoted 5000",
      "promoted 10000",
    ]);
    expect(world.store.saves.at(-1)?.standing).toEqual({ kind: "trying", weightBasisPoints: 10_000 });
  });

  it("is not promoted unless the config says so", async () => {
    const world = await canaryWorld();
    await quietHalfHour(world);
    expect(weight(world)).toBe(500);
  });

  it("is not promoted for being left alone", async () => {
    const world = await canaryWorld({ promote: true });
    await world.clock.advance(24 * 60 * minute);
    expect(weight(world)).toBe(500);
  });

  it("is not promoted while one of its breakers is open, nor with an alarm", async () => {
    const world = await canaryWorld({ promote: true });
    world.healthy(1000);
    await world.clock.advance(29.5 * minute);
    world.watch.onBreaker("closed", "open", "acme/b@new");
    world.watch.onBreaker("closed", "open", "acme/b@old");
    await world.clock.advance(5 * minute);
    expect(weight(world)).toBe(500);
    world.watch.onBreaker("half-open", "closed", "acme/b@new");
    await world.clock.advance(2 * minute);
    expect(weight(world)).toBe(2500);

    const alarmed = await canaryWorld({ promote: true, autoRollback: false });
    alarmed.healthy(100);
    for (let index = 0; index < 40; index++) alarmed.call("canary", rescued);
    await quietHalfHour(alarmed, 2000);
    expect(weight(alarmed)).toBe(500);
  });

  it("is rolled back from wherever it stands", async () => {
    const world = await canaryWorld({ promote: true });
    await quietHalfHour(world);
    expect(weight(world)).toBe(2500);
    untilRolledBack(world, rescued);
    expect(weight(world)).toBe(0);
    await quietHalfHour(world);
    expect(weight(world)).toBe(0);
  });
});

describe("an operator's word", () => {
  it("arms a rolled-back canary: its breakers closed, the evidence forgotten", async () => {
    const world = await canaryWorld();
    for (let index = 0; index < 50; index++) world.call("stable", [served.stable]);
    untilRolledBack(world, rescued);
    await world.watch.arm(1000);
    expect(world.watch.report()).toMatchObject({
      standing: { kind: "trying", weightBasisPoints: 1000 },
      stable: { calls: 0 },
      canary: { calls: 0 },
    });
    expect(world.resets()).toBe(1);
    expect(world.armOf(keyOf("canary"))).toBe("canary");
    expect(world.decisions.at(-1)).toMatchObject({ kind: "set", weightBasisPoints: 1000, rule: undefined });
    for (let index = 0; index < 50; index++) world.call("stable", [served.stable]);
    expect(untilRolledBack(world, rescued)).toBe(10);
  });

  it("is not held against by calls from before", async () => {
    const world = await canaryWorld();
    const before = world.clock.now();
    await world.clock.advance(10);
    await world.watch.arm(500);
    for (let index = 0; index < 50; index++) world.call("stable", [served.stable]);
    for (let index = 0; index < 50; index++) world.call("canary", rescued, { startedAt: before });
    expect(world.watch.report()).toMatchObject({ standing: { kind: "trying" }, canary: { calls: 0 } });
  });

  it("turns it off with nothing, and nothing is judged then", async () => {
    const world = await canaryWorld({ promote: true });
    await world.watch.arm(0);
    world.healthy(1000);
    for (let index = 0; index < 10; index++) world.attempt("new", "unreachable");
    await world.clock.advance(60 * minute);
    expect(world.watch.report()).toMatchObject({ standing: { kind: "trying", weightBasisPoints: 0 } });
    expect(world.armOf(keyOf("canary"))).toBe("stable");
  });
});

describe("what a restart knows", () => {
  it("is that the canary was rolled back", async () => {
    const before = await canaryWorld();
    for (let index = 0; index < 50; index++) before.call("stable", [served.stable]);
    untilRolledBack(before, rescued);
    await before.watch.close();
    const after = await canaryWorld({ weightBasisPoints: 2500 }, before.store);
    expect(after.watch.report().standing).toMatchObject({ kind: "rolled-back", rule: "errors" });
    expect(after.armOf(keyOf("canary"))).toBe("stable");
    expect(after.decisions).toEqual([]);
  });

  it("is the operator's share", async () => {
    const before = await canaryWorld();
    await before.watch.arm(3300);
    const after = await canaryWorld({}, before.store);
    expect(after.watch.catalog().canary?.weightBasisPoints).toBe(3300);
  });

  it("is nothing where the state cannot be read, and then the canary stays off and says why", async () => {
    const world = await canaryWorld({}, memoryStore({ kind: "unreadable" }));
    expect(world.armOf(keyOf("canary"))).toBe("stable");
    expect(world.decisions).toEqual([expect.objectContaining({ kind: "rolled-back", rule: "state-lost" })]);
  });

  it("is kept by another try where the store was away", async () => {
    const world = await canaryWorld();
    world.store.broken = true;
    await world.watch.arm(700);
    await world.clock.advance(minute);
    expect([world.unsaved(), world.store.saves.length]).toEqual([1, 0]);
    world.store.broken = false;
    await world.clock.advance(3 * minute);
    expect(world.store.saves.map(({ standing }) => standing)).toEqual([
      { kind: "trying", weightBasisPoints: 700 },
    ]);
  });
});

describe("a store that comes and goes", () => {
  it("arms a canary that was off for want of a state, once the state can be read", async () => {
    const store = memoryStore({ kind: "unreadable" });
    const world = await canaryWorld({}, store);
    await world.clock.advance(minute);
    expect(world.armOf(keyOf("canary"))).toBe("stable");
    store.loaded = { kind: "nothing" };
    await world.clock.advance(5_000);
    expect(world.armOf(keyOf("canary"))).toBe("canary");
    expect(world.decisions.map(({ kind }) => kind)).toEqual(["rolled-back", "adopted"]);
  });

  it("leaves it off where the state says so", async () => {
    const before = await canaryWorld();
    for (let index = 0; index < 50; index++) before.call("stable", [served.stable]);
    untilRolledBack(before, rescued);
    await before.watch.close();
    const { loaded } = before.store;
    const store = memoryStore({ kind: "unreadable" });
    const world = await canaryWorld({}, store);
    store.loaded = loaded;
    await world.clock.advance(minute);
    expect(world.watch.report().standing).toMatchObject({ kind: "rolled-back", rule: "errors" });
  });

  it("is told again what it lost", async () => {
    const world = await canaryWorld();
    for (let index = 0; index < 50; index++) world.call("stable", [served.stable]);
    untilRolledBack(world, rescued);
    await world.clock.advance(0);
    const { loaded } = world.store;
    expect(loaded.kind).toBe("saved");
    world.store.loaded = { kind: "nothing" };
    await world.clock.advance(5_000);
    expect(world.store.loaded).toEqual(loaded);
  });
});

describe("processes that share a store", () => {
  it("hear of each other's roll-back within seconds, and of an operator's word", async () => {
    const store = memoryStore();
    const one = await canaryWorld({}, store);
    const other = await canaryWorld({}, store);
    for (let index = 0; index < 50; index++) one.call("stable", [served.stable]);
    untilRolledBack(one, rescued);
    await other.clock.advance(5_000);
    expect(other.armOf(keyOf("canary"))).toBe("stable");
    expect(other.decisions).toEqual([expect.objectContaining({ kind: "adopted", weightBasisPoints: 0 })]);

    await other.clock.advance(5_000);
    await other.watch.arm(500);
    await one.clock.advance(5_000);
    expect(one.armOf(keyOf("canary"))).toBe("canary");
    expect([one.resets(), one.watch.report().canary.calls]).toEqual([1, 0]);
  });

  it("keep the later of two decisions, whoever wrote last", async () => {
    const store = memoryStore();
    const one = await canaryWorld({}, store);
    const other = await canaryWorld({}, store);
    await other.watch.arm(2500);
    const earlier = store.loaded;
    await one.clock.advance(10);
    for (let index = 0; index < 50; index++) one.call("stable", [served.stable]);
    untilRolledBack(one, rescued);
    await one.clock.advance(0);
    store.loaded = earlier;
    await one.clock.advance(5_000);
    await other.clock.advance(5_000);
    expect([one, other].map(({ watch }) => watch.report().standing.kind)).toEqual([
      "rolled-back",
      "rolled-back",
    ]);
  });
});

describe("processes that tell each other", () => {
  /** Tells `to` what `from` has said since the last time. */
  const passOn = (from: World, to: World, said: number): number => {
    for (const word of from.words.slice(said)) to.watch.hear(word);
    return from.words.length;
  };

  it("judge by the calls of both, and the first roll-back is the other's too", async () => {
    const [one, two] = [await canaryWorld({}, memoryStore()), await canaryWorld({}, memoryStore())];
    const said = [0, 0];
    let calls = 0;
    while (one.watch.report().standing.kind === "trying" && two.watch.report().standing.kind === "trying") {
      const world = calls % 2 === 0 ? one : two;
      for (let n = 0; n < 19; n++) world.call("stable", [served.stable]);
      world.call("canary", rescued);
      calls += 1;
      said[0] = passOn(one, two, said[0]!);
      said[1] = passOn(two, one, said[1]!);
      expect(calls).toBeLessThan(16);
    }
    for (const { watch } of [one, two]) expect(watch.report().standing.kind).toBe("rolled-back");
    expect(one.armOf(keyOf("canary"))).toBe("stable");
    expect(two.armOf(keyOf("canary"))).toBe("stable");
    // The one that tipped the scales is known where it was made; the other hears of the decision first.
    for (const { watch } of [one, two]) expect(watch.report().canary.calls).toBeGreaterThanOrEqual(calls - 1);
  });

  it("obey the operator of either: armed anew, the evidence forgotten, the breakers closed", async () => {
    const [one, two] = [await canaryWorld({}, memoryStore()), await canaryWorld({}, memoryStore())];
    two.healthy(3);
    await one.watch.arm(700);
    passOn(one, two, 0);
    expect(two.watch.report()).toMatchObject({
      standing: { kind: "trying", weightBasisPoints: 700 },
      canary: { calls: 0 },
    });
    expect(two.resets()).toBe(1);
    expect(two.decisions.map(({ kind }) => kind)).toEqual(["adopted"]);
    // It was kept by the one that was asked.
    expect(two.store.saves).toEqual([]);
    expect(one.store.saves).toHaveLength(1);
  });

  it("go by the later of two decisions", async () => {
    const [one, two] = [await canaryWorld({}, memoryStore()), await canaryWorld({}, memoryStore())];
    await one.watch.arm(700);
    await two.clock.advance(1);
    await two.watch.arm(900);
    passOn(one, two, 0);
    passOn(two, one, 0);
    for (const { watch } of [one, two]) {
      expect(watch.report().standing).toEqual({ kind: "trying", weightBasisPoints: 900 });
    }
  });

  it("do not hold against a canary what began elsewhere before it was armed", async () => {
    const [one, two] = [await canaryWorld({}, memoryStore()), await canaryWorld({}, memoryStore())];
    one.healthy(1);
    await two.clock.advance(10);
    await two.watch.arm(700);
    passOn(one, two, 0);
    expect(two.watch.report().stable.calls).toBe(0);
    await one.clock.advance(20);
    one.healthy(1);
    passOn(one, two, 20);
    expect(two.watch.report().canary.calls).toBe(1);
  });
});
