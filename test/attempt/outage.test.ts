import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CallRecord } from "../support/invariants/run-record.ts";
import type { Behaviour } from "../support/invariants/upstream-behaviour.ts";
import { createWorld, type World } from "../support/invariants/world.ts";
import type { FailureKind } from "../../src/routing/failure.ts";

const instantly: Behaviour = { kind: "healthy", afterMs: 0, usage: "once" };
const primary = "acme/a@one";
/** How long the world's attempts wait for content, and for a whole answer while others could still be asked. */
const firstTokenMs = 20_000;
const unaryShareMs = 0.6 * 120_000;

function failing(failure: FailureKind, afterMs = 0): Behaviour {
  return { kind: "fails", failure, afterMs };
}

function served(call: CallRecord | undefined): string | undefined {
  const status = call?.statuses[0]?.status;
  return status?.kind === "ok" ? status.served.deployment : undefined;
}

/** Requests to a deployment that began within [from, to). */
function requestsTo({ record }: World, deployment: string, from: number, to: number): number {
  return record.requests.filter(
    ({ deployment: { id }, began }) => id === deployment && began.at >= from && began.at < to,
  ).length;
}

describe("an outage at a low rate", () => {
  const ways: readonly Behaviour[] = [
    failing("unreachable"),
    failing("server-error", 300),
    failing("overloaded"),
    { kind: "breaks", afterMs: 10, texts: 0, how: "end" },
    { kind: "hangs" },
  ];

  it(
    "costs a handful of calls to the dead primary, nobody an answer, and is over within 30 s",
    { timeout: 60_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...ways),
          fc.integer({ min: 1000, max: 10_000 }),
          fc.nat(60_000),
          fc.constantFrom(0, 0.5, 0.999),
          fc.boolean(),
          async (way, everyMs, phaseMs, chance, stream) => {
            // Silence is only noticed at the limit of an attempt, so that an outage of it must last to be one.
            const silenceMs = way.kind !== "hangs" ? 0 : stream ? firstTokenMs : unaryShareMs;
            const lastsMs = way.kind === "hangs" ? 300_000 : 60_000;
            // Five in a row open it; then there is a probe each 10, 20 and 25 s, which may be silent as long.
            const unnoticed = Math.ceil(silenceMs / everyMs);
            const most =
              way.kind === "hangs"
                ? 5 + unnoticed + Math.ceil((lastsMs - silenceMs) / (10_000 + silenceMs))
                : 9;
            const world = createWorld({ chance });
            const { clock } = world;
            world.behave("one", instantly);
            const callsFor = async (ms: number): Promise<void> => {
              for (const end = clock.now() + ms; clock.now() + everyMs <= end;) {
                world.send({ stream });
                await clock.advance(everyMs);
              }
            };
            await callsFor(60_000 + phaseMs);
            const died = clock.now();
            world.behave("one", way);
            await callsFor(lastsMs);
            const recovered = clock.now();
            world.behave("one", instantly);
            await callsFor(silenceMs + 60_000);
            await world.finish();

            expect(requestsTo(world, primary, died, recovered)).toBeLessThanOrEqual(most);
            const { calls } = world.record;
            expect(calls.filter((call) => served(call) === undefined)).toEqual([]);
            // Whatever comes 30 s after the recovery, or first after that, closes it for all behind. A probe that
            // began before it may be silent until its limit.
            const back = calls.filter(({ begun }) => begun.at >= recovered + silenceMs + 30_000 + everyMs);
            expect(back.length).toBeGreaterThan(0);
            expect(new Set(back.map(served))).toEqual(new Set([primary]));
          },
        ),
        { numRuns: 60 },
      );
    },
  );

  it("ends with the first call that comes 25 s after the recovery, whenever that is", async () => {
    const world = createWorld({ chance: 0.999 });
    const { clock } = world;
    world.behave("one", failing("server-error"));
    for (let second = 0; second < 60; second += 1) {
      world.send();
      await clock.advance(1000);
    }
    world.behave("one", instantly);
    await clock.advance(25_000);
    const call = world.send();
    await clock.advance(100);
    expect(served(call)).toBe(primary);
    await world.finish();
  });
});

describe("a recovery under a thousand callers", () => {
  /** Dead for long enough that its breaker is open. */
  async function deadPrimary(): Promise<World> {
    const world = createWorld();
    world.behave("one", failing("server-error"));
    for (let call = 0; call < 5; call += 1) {
      world.send();
      await world.clock.advance(100);
    }
    expect(world.record.breakers.get(primary)!.changes.at(-1)!.to).toBe("open");
    return world;
  }

  it("is found out by one probe, though all come at once", { timeout: 60_000 }, async () => {
    const world = await deadPrimary();
    const { clock } = world;
    await clock.advance(12_000);
    world.behave("one", { kind: "healthy", afterMs: 200, usage: "once" });
    const probed = clock.now();
    for (let call = 0; call < 1000; call += 1) world.send();
    await clock.advance(199);
    expect(requestsTo(world, primary, probed, Infinity)).toBe(1);
    await clock.advance(1);
    world.send();
    await clock.advance(1000);
    expect(requestsTo(world, primary, probed, Infinity)).toBe(2);
    await world.finish();
  });

  it("is found out by one probe at a time, though all wait for it", { timeout: 60_000 }, async () => {
    const world = createWorld({ limiter: { start: 1000, min: 4, max: 1000 } });
    const { clock } = world;
    world.behave("one", failing("server-error", 100));
    const pinned = { target: { kind: "deployment" as const, deployment: primary } };
    for (let call = 0; call < 1000; call += 1) world.send({ facts: pinned });
    await clock.advance(100);
    // Each has called it once, and waits for the breaker to let it in again.
    expect(requestsTo(world, primary, 0, Infinity)).toBe(1000);
    await clock.advance(9_800);
    const opened = clock.now();
    world.behave("one", { kind: "healthy", afterMs: 2000, usage: "once" });
    const closes = (): boolean => world.record.breakers.get(primary)!.changes.at(-1)!.to === "closed";
    while (!closes()) {
      expect(requestsTo(world, primary, opened, Infinity)).toBeLessThanOrEqual(1);
      await clock.advance(100);
    }
    await world.finish();
  });
});

describe("a deadline of two seconds", () => {
  it("starts no further attempt at 1.9 s, whatever the others took", { timeout: 60_000 }, async () => {
    const kinds = ["server-error", "rate-limited", "unauthorized", "unreachable", "overloaded"] as const;
    const way = fc.record({ failure: fc.constantFrom(...kinds), afterMs: fc.nat(2000) });
    await fc.assert(
      fc.asyncProperty(way, way, fc.nat(2000), fc.boolean(), async (one, two, startMs, stream) => {
        const world = createWorld({ keys: 3, seed: startMs });
        const { clock } = world;
        world.behave("one", { kind: "fails", ...one });
        world.behave("two", { kind: "fails", ...two });
        world.behave("three", failing("server-error", startMs));
        const begun = clock.now();
        world.send({ stream, timeoutMs: 2000 });
        await world.finish();
        const starts = world.record.requests.map(({ began }) => began.at - begun);
        expect(Math.max(...starts)).toBeLessThan(1800);
        expect(world.record.calls[0]!.statuses[0]!.when.at - begun).toBeLessThanOrEqual(2000);
      }),
      { numRuns: 300 },
    );
  });
});

/**
 * The toy of retry storms: fifty calls a second at an upstream that can do sixty, and does them one after the other
 * whether anybody still waits or not. It queues for two seconds and refuses beyond; its callers wait for one.
 */
describe("a retry storm", () => {
  const everyMs = 20;
  const capacityPerSecond = 60;

  /** Share of the calls that are served though they begin after an outage of 30 s, from two seconds on. */
  async function servedAfterOutage(budget: {
    readonly budgetRatio: number;
    readonly budgetPerSecond: number;
  }): Promise<number> {
    const never = { windowMs: 60_000, minimumRequests: 1e9, failurePercent: 100, consecutiveFailures: 1e9 };
    const world = createWorld({
      breaker: { ...never, openMs: 10_000, maxOpenMs: 25_000 },
      limiter: { start: 1e6, min: 1e6, max: 1e6 },
      retry: { attempts: 5, baseMs: 1000, capMs: 60_000, jitter: "full", ...budget },
    });
    const { clock } = world;
    let freeAt = 0;
    const queueing: Behaviour = {
      kind: "scripted",
      reply: (tag) => {
        freeAt = Math.max(freeAt, clock.now());
        if (freeAt - clock.now() > 2000) return { kind: "fail", failure: "overloaded" };
        freeAt += 1000 / capacityPerSecond;
        return { kind: "answer", afterMs: freeAt - clock.now(), text: tag };
      },
    };
    const facts = { target: { kind: "deployment" as const, deployment: primary } };
    const seconds = async (count: number): Promise<void> => {
      for (let call = 0; call < (count * 1000) / everyMs; call += 1) {
        world.send({ facts, attemptMs: 1000, timeoutMs: 60_000 });
        await clock.advance(everyMs);
      }
    };
    world.behave("one", queueing);
    await seconds(5);
    world.behave("one", failing("server-error"));
    await seconds(30);
    const recovered = clock.now();
    world.behave("one", queueing);
    await seconds(20);
    const later = world.record.calls.filter(
      ({ begun }) => begun.at >= recovered + 2000 && begun.at < recovered + 10_000,
    );
    const share = later.filter((call) => served(call) !== undefined).length / later.length;
    await world.finish();
    return share;
  }

  it(
    "is over with the outage where retries are paid from the shipped budget",
    { timeout: 60_000 },
    async () => {
      expect(await servedAfterOutage({ budgetRatio: 0.1, budgetPerSecond: 1 })).toBe(1);
    },
  );

  it("goes on by itself where nobody limits them", { timeout: 60_000 }, async () => {
    expect(await servedAfterOutage({ budgetRatio: 1e6, budgetPerSecond: 0 })).toBeLessThan(0.1);
  });
});
