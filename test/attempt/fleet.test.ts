import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createFleet } from "../../src/attempt/fleet.ts";
import type { Fleet } from "../../src/attempt/fleet.ts";
import type { Grant, GrantVerdict } from "../../src/attempt/grant.ts";
import type { Config } from "../../src/config/config.ts";
import type { Catalog, Deployment } from "../../src/routing/catalog.ts";
import type { KeyPool } from "../../src/upstream/key-pool.ts";
import type { Upstream } from "../../src/upstream/upstream.ts";
import { shippedBreaker } from "../support/breaker-settings.ts";
import { createManualClock } from "../support/manual-clock.ts";
import type { ManualClock } from "../support/manual-clock.ts";
import { sampleCatalog } from "../support/routing-samples.ts";

const gpt = "openai/gpt-4.1@legacy";
const claude = "anthropic/claude-sonnet-4-20250514@legacy";
const elsewhere = "openai/gpt-4.1@holysheep";

function deployment(id: string): [string, Deployment] {
  const [model = "", upstream = ""] = id.split("@");
  return [id, { id, model, upstream, upstreamModel: model }];
}

const catalog: Catalog = {
  ...sampleCatalog([]),
  deployments: new Map([gpt, claude, elsewhere].map(deployment)),
};

const retry: Config["retry"] = {
  attempts: 5,
  baseMs: 1000,
  capMs: 60_000,
  jitter: "full",
  budgetRatio: 0.1,
  budgetPerSecond: 1,
};

type Blocked = ReturnType<KeyPool["blocked"]>;

interface Stage {
  readonly clock: ManualClock;
  readonly fleet: Fleet;
  readonly changes: readonly string[];
  readonly blockKeys: (blocked: Blocked) => void;
}

function stage(limiter: Config["limiter"] = { start: 256, min: 4, max: 256 }): Stage {
  const clock = createManualClock();
  const changes: string[] = [];
  let blocked: Blocked;
  const upstream = (name: string): [string, Upstream] => [
    name,
    {
      name,
      keys: { size: 1, pick: () => undefined, blocked: () => blocked, snapshot: () => [] },
      address: { host: "127.0.0.1", port: 1 },
      complete: () => Promise.reject(new Error("not called")),
      stream: () => Promise.reject(new Error("not called")),
      close: () => Promise.resolve(),
    },
  ];
  const fleet = createFleet({
    catalog,
    upstreams: new Map([upstream("legacy"), upstream("holysheep")]),
    config: { breaker: shippedBreaker, limiter, retry },
    now: clock.now,
    random: () => 0,
    setTimer: clock.setTimer,
    onTransition: (from, to, name) => changes.push(`${name} ${from} ${to}`),
  });
  return {
    clock,
    fleet,
    changes,
    blockKeys: (value) => {
      blocked = value;
    },
  };
}

const answered: GrantVerdict = { breaker: "success", upstreamBreaker: "success", limiter: "ok" };
const serverError: GrantVerdict = { breaker: "failure", upstreamBreaker: "success", limiter: "other" };
const unreachable: GrantVerdict = { breaker: "failure", upstreamBreaker: "failure", limiter: "other" };
const cancelled: GrantVerdict = { breaker: "ignore", upstreamBreaker: "ignore", limiter: "other" };

const settle = (fleet: Fleet, id: string, verdict: GrantVerdict, times = 1): void => {
  for (let call = 0; call < times; call += 1) fleet.acquire(id)?.settle(verdict);
};

const inFlight = (fleet: Fleet): number =>
  fleet.snapshot().reduce((total, { inFlight }) => total + inFlight, 0);

describe("what a fleet says of a deployment", () => {
  it("is ready as long as nothing is known against it", () => {
    const { fleet } = stage();
    expect(fleet.readiness(gpt)).toEqual({
      readyAt: 0,
      skip: undefined,
      breakerState: "closed",
      probing: false,
    });
  });

  it("is skipped by the open breaker of its own, and no other is", () => {
    const { fleet, clock } = stage();
    settle(fleet, gpt, serverError, 5);
    expect(fleet.readiness(gpt)).toEqual({
      readyAt: clock.now() + 10_000,
      skip: "breaker-open",
      breakerState: "open",
      probing: false,
    });
    expect(fleet.readiness(claude).skip).toBeUndefined();
    expect(fleet.readiness(elsewhere).skip).toBeUndefined();
    expect(fleet.acquire(gpt)).toBeUndefined();
  });

  it("is skipped with every deployment of an upstream that cannot be reached", () => {
    const { fleet, changes } = stage();
    settle(fleet, gpt, unreachable, 3);
    settle(fleet, claude, unreachable, 2);
    expect(changes).toEqual(["legacy closed open"]);
    expect(fleet.readiness(gpt).skip).toBe("breaker-open");
    expect(fleet.readiness(claude).skip).toBe("breaker-open");
    expect(fleet.readiness(elsewhere).skip).toBeUndefined();
  });

  it("counts any response as the upstream's success", () => {
    const { fleet } = stage();
    for (let round = 0; round < 20; round += 1) {
      settle(fleet, gpt, { ...unreachable, breaker: "ignore" });
      settle(fleet, claude, { ...serverError, breaker: "ignore" }, 2);
    }
    expect(fleet.upstreamBreaker("legacy")?.state()).toBe("closed");
  });

  it("would take a probe once its time is up, and says so", () => {
    const { fleet, clock } = stage();
    settle(fleet, gpt, serverError, 5);
    clock.advanceSync(10_000);
    expect(fleet.readiness(gpt)).toEqual({
      readyAt: 0,
      skip: undefined,
      breakerState: "half-open",
      probing: true,
    });
  });

  it("is worth asking again in a second while somebody else's probe is under way", () => {
    const { fleet, clock } = stage();
    settle(fleet, gpt, serverError, 5);
    clock.advanceSync(10_000);
    const probe = fleet.acquire(gpt);
    expect(probe?.probe).toBe(true);
    expect(fleet.readiness(gpt)).toMatchObject({
      readyAt: clock.now() + 1000,
      skip: "breaker-open",
      probing: true,
    });
    expect(fleet.acquire(gpt)).toBeUndefined();
  });

  it("says that it is never ready after an operator's trip without end", () => {
    const { fleet } = stage();
    fleet.breaker(gpt)?.trip(Infinity);
    expect(fleet.readiness(gpt)).toMatchObject({ readyAt: Infinity, skip: "breaker-open" });
  });

  const keys: readonly { readonly why: "rate-limited" | "quarantined"; readonly skip: string }[] = [
    { why: "rate-limited", skip: "keys-exhausted" },
    { why: "quarantined", skip: "keys-quarantined" },
  ];
  for (const { why, skip } of keys) {
    it(`is skipped as ${skip} while every key is ${why}`, () => {
      const { fleet, clock, blockKeys } = stage();
      blockKeys({ readyAt: clock.now() + 2000, why });
      expect(fleet.readiness(gpt)).toMatchObject({ readyAt: clock.now() + 2000, skip });
    });
  }

  it("is ready when the last of its obstacles is gone", () => {
    const { fleet, clock, blockKeys } = stage();
    settle(fleet, gpt, serverError, 5);
    blockKeys({ readyAt: clock.now() + 60_000, why: "rate-limited" });
    expect(fleet.readiness(gpt)).toMatchObject({ readyAt: clock.now() + 60_000, skip: "breaker-open" });
  });

  it("counts nothing when it is full", () => {
    const { fleet, clock } = stage({ start: 2, min: 1, max: 2 });
    const held = [fleet.acquire(gpt), fleet.acquire(gpt)];
    expect(fleet.acquire(gpt)).toBeUndefined();
    expect(fleet.readiness(gpt)).toMatchObject({ skip: "at-capacity", readyAt: clock.now() });
    for (let call = 0; call < 100; call += 1) fleet.acquire(gpt);
    expect(fleet.breaker(gpt)?.snapshot()).toMatchObject({ state: "closed", failurePpm: 0 });
    held[0]?.settle(answered);
    expect(fleet.readiness(gpt).skip).toBeUndefined();
  });

  it("is left alone for as long as it asked, without its breaker opening", () => {
    const { fleet, clock } = stage();
    fleet.holdUntil(gpt, clock.now() + 7000);
    fleet.holdUntil(gpt, clock.now() + 3000);
    expect(fleet.readiness(gpt)).toEqual({
      readyAt: clock.now() + 7000,
      skip: "at-capacity",
      breakerState: "closed",
      probing: false,
    });
    expect(fleet.acquire(gpt)).toBeUndefined();
    expect(fleet.readiness(claude).skip).toBeUndefined();
    clock.advanceSync(7000);
    expect(fleet.readiness(gpt).skip).toBeUndefined();
  });

  it("is not taken away for longer than five minutes by one upstream's word", () => {
    const { fleet, clock } = stage();
    for (const instant of [clock.now() + 86_400_000, Infinity]) fleet.holdUntil(gpt, instant);
    expect(fleet.readiness(gpt).readyAt).toBe(clock.now() + 300_000);
  });

  it("throws for a deployment of another config, except to operators", () => {
    const { fleet } = stage();
    expect(() => fleet.readiness("nobody/nothing@nowhere")).toThrow("nobody/nothing@nowhere");
    expect(() => fleet.acquire("nobody/nothing@nowhere")).toThrow("nobody/nothing@nowhere");
    expect(() => fleet.budget("nowhere")).toThrow("nowhere");
    expect(fleet.breaker("nobody/nothing@nowhere")).toBeUndefined();
  });
});

describe("a grant", () => {
  it("is all or nothing: a full house spends neither breaker's probe", () => {
    const { fleet, clock } = stage({ start: 1, min: 1, max: 1 });
    const slow = fleet.acquire(gpt);
    fleet.breaker(gpt)?.trip(1000);
    fleet.upstreamBreaker("legacy")?.trip(1000);
    clock.advanceSync(1000);
    expect(fleet.acquire(gpt)).toBeUndefined();
    expect(fleet.breaker(gpt)?.state()).toBe("half-open");
    slow?.settle(cancelled);
    expect(fleet.acquire(gpt)?.probe).toBe(true);
  });

  it("is all or nothing: an open deployment does not spend its upstream's probe", () => {
    const { fleet, clock } = stage();
    fleet.upstreamBreaker("legacy")?.trip(1000);
    fleet.breaker(gpt)?.trip(5000);
    clock.advanceSync(1000);
    for (let call = 0; call < 10; call += 1) expect(fleet.acquire(gpt)).toBeUndefined();
    expect(fleet.upstreamBreaker("legacy")?.readyAt()).toBe(0);
    expect(inFlight(fleet)).toBe(0);
    expect(fleet.acquire(claude)?.probe).toBe(true);
  });

  it("is all or nothing: an open upstream does not spend its deployment's probe", () => {
    const { fleet, clock } = stage();
    fleet.breaker(gpt)?.trip(1000);
    fleet.upstreamBreaker("legacy")?.trip(5000);
    clock.advanceSync(1000);
    for (let call = 0; call < 10; call += 1) expect(fleet.acquire(gpt)).toBeUndefined();
    expect(fleet.breaker(gpt)?.readyAt()).toBe(0);
    expect(inFlight(fleet)).toBe(0);
  });

  it("is the only one while it probes its upstream, and its answer opens the way for all", () => {
    const { fleet, clock } = stage();
    settle(fleet, gpt, unreachable, 3);
    settle(fleet, claude, unreachable, 2);
    clock.advanceSync(10_000);
    const probe = fleet.acquire(gpt);
    expect(probe?.probe).toBe(true);
    expect(fleet.acquire(claude)).toBeUndefined();
    probe?.settle(serverError);
    expect(fleet.upstreamBreaker("legacy")?.state()).toBe("closed");
    expect(fleet.acquire(claude)?.probe).toBe(false);
  });

  it("is settled once", () => {
    const { fleet } = stage();
    const grant = fleet.acquire(gpt);
    for (let again = 0; again < 10; again += 1) {
      grant?.settle(serverError);
      grant?.committed();
    }
    expect(inFlight(fleet)).toBe(0);
    expect(fleet.breaker(gpt)?.state()).toBe("closed");
    expect(fleet.breaker(gpt)?.snapshot().failurePpm).toBe(1_000_000);
  });

  it("that was answered cannot fail any more", () => {
    const { fleet } = stage();
    const grant = fleet.acquire(gpt);
    grant?.settle(answered);
    grant?.settle({ ...serverError, breaker: "late-failure" });
    expect(fleet.breaker(gpt)?.snapshot().failurePpm).toBe(0);
  });

  it("closes both breakers at a probe's first content, long before the stream ends", () => {
    const { fleet, clock } = stage();
    settle(fleet, gpt, unreachable, 5);
    clock.advanceSync(10_000);
    const stream = fleet.acquire(gpt);
    stream?.committed();
    expect(fleet.readiness(gpt)).toMatchObject({ skip: undefined, breakerState: "closed" });
    expect(inFlight(fleet)).toBe(1);
    clock.advanceSync(600_000);
    stream?.settle(answered);
    expect(inFlight(fleet)).toBe(0);
    expect(fleet.readiness(gpt).breakerState).toBe("closed");
  });

  for (const breaker of ["failure", "late-failure"] as const) {
    it(`that breaks after its first content counts against the deployment alone (${breaker})`, () => {
      const { fleet, changes } = stage();
      for (let call = 0; call < 5; call += 1) {
        const stream = fleet.acquire(gpt);
        stream?.committed();
        stream?.settle({ ...unreachable, breaker });
      }
      expect(changes).toEqual([`${gpt} closed open`]);
    });
  }

  it("that ends after its first content without saying anything leaves the success as it was", () => {
    const { fleet } = stage();
    const stream = fleet.acquire(gpt);
    stream?.committed();
    stream?.settle(cancelled);
    expect(fleet.breaker(gpt)?.snapshot().failurePpm).toBe(0);
    settle(fleet, gpt, serverError);
    expect(fleet.breaker(gpt)?.snapshot().failurePpm).toBe(500_000);
  });

  it("closes a half-open breaker by an answer that counts nowhere else, such as a 429", () => {
    const { fleet, clock } = stage();
    const limited: GrantVerdict = { ...answered, breaker: "success-if-probe" };
    settle(fleet, gpt, serverError, 4);
    settle(fleet, gpt, limited, 20);
    expect(fleet.breaker(gpt)?.snapshot().failurePpm).toBe(1_000_000);
    settle(fleet, gpt, serverError);
    clock.advanceSync(10_000);
    settle(fleet, gpt, limited);
    expect(fleet.breaker(gpt)?.state()).toBe("closed");
  });

  it("trips the deployment for as long as the verdict says", () => {
    const { fleet, clock } = stage();
    settle(fleet, gpt, { breaker: { trip: 300_000 }, upstreamBreaker: "success", limiter: "other" });
    expect(fleet.readiness(gpt)).toMatchObject({ readyAt: clock.now() + 300_000, skip: "breaker-open" });
    expect(fleet.readiness(claude).skip).toBeUndefined();
  });

  it("shrinks the deployment's limit when it is overloaded", () => {
    const { fleet } = stage();
    settle(fleet, gpt, { ...serverError, limiter: "overloaded" });
    expect(fleet.snapshot().find(({ deployment }) => deployment.id === gpt)?.limit).toBeCloseTo(230.4);
  });

  it("gives everything back whatever calls do, and probes one at a time (invariants 7, 8, 25)", () => {
    const verdict: fc.Arbitrary<GrantVerdict> = fc.record({
      breaker: fc.constantFrom<GrantVerdict["breaker"][]>("success", "failure", "ignore", "late-failure", {
        trip: 500,
      }),
      upstreamBreaker: fc.constantFrom("success", "failure", "ignore"),
      limiter: fc.constantFrom("ok", "overloaded", "other"),
    });
    const step = fc.oneof(
      fc.record({ kind: fc.constant("acquire" as const), id: fc.constantFrom(gpt, claude, elsewhere) }),
      fc.record({ kind: fc.constant("settle" as const), which: fc.nat(20), verdict }),
      fc.record({ kind: fc.constant("commit" as const), which: fc.nat(20) }),
      fc.record({ kind: fc.constant("advance" as const), ms: fc.nat(15_000) }),
      fc.record({
        kind: fc.constant("hold" as const),
        id: fc.constantFrom(gpt, claude, elsewhere),
        ms: fc.nat(5000),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { fleet, clock } = stage({ start: 4, min: 1, max: 6 });
        const held: Grant[] = [];
        const [said, done]: [unknown[], unknown[]] = [[], []];
        for (const one of steps) {
          if (one.kind === "acquire") {
            const { skip, probing } = fleet.readiness(one.id);
            const grant = fleet.acquire(one.id);
            said.push([skip === undefined, skip === undefined && probing]);
            done.push([grant !== undefined, grant?.probe === true]);
            if (grant !== undefined) held.push(grant);
            if (grant?.probe === true && fleet.acquire(one.id) !== undefined) done.push("a second probe");
          } else if (one.kind === "settle") {
            held.splice(one.which % (held.length + 1), 1)[0]?.settle(one.verdict);
          } else if (one.kind === "commit") held[one.which % (held.length + 1)]?.committed();
          else if (one.kind === "advance") clock.advanceSync(one.ms);
          else fleet.holdUntil(one.id, clock.now() + one.ms);
          expect(inFlight(fleet)).toBe(held.length);
          for (const { limit } of fleet.snapshot()) expect(limit >= 1 && limit <= 6).toBe(true);
        }
        expect(done).toEqual(said);
        for (const grant of held) grant.settle(cancelled);
        expect(inFlight(fleet)).toBe(0);
        // Whatever happened, everybody is served again once time has passed.
        clock.advanceSync(300_000);
        for (const id of [gpt, claude, elsewhere]) {
          clock.advanceSync(1000);
          expect(fleet.acquire(id)?.settle(answered)).toBeUndefined();
          expect(fleet.readiness(id)).toMatchObject({ skip: undefined, breakerState: "closed" });
        }
        fleet.close();
        expect(clock.pendingTimers()).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});

describe("an outage", () => {
  it("of a minute at one call a second costs a handful of calls, and is over within 30 s of recovery", () => {
    const { fleet, clock } = stage();
    let calls = 0;
    for (let second = 0; second < 60; second += 1) {
      const grant = fleet.acquire(gpt);
      if (grant !== undefined) calls += 1;
      grant?.settle(serverError);
      clock.advanceSync(1000);
    }
    expect(calls).toBeLessThanOrEqual(8);
    const recoveredAt = clock.now();
    for (let second = 0; second < 60 && fleet.readiness(gpt).breakerState !== "closed"; second += 1) {
      fleet.acquire(gpt)?.settle(answered);
      clock.advanceSync(1000);
    }
    expect(clock.now() - recoveredAt).toBeLessThanOrEqual(30_000);
    fleet.close();
  });
});
