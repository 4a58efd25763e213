import { AsyncLocalStorage } from "node:async_hooks";

import Opossum from "opossum";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { createBreaker } from "../../src/attempt/breaker.ts";
import type { BreakerOptions } from "../../src/attempt/breaker.ts";
import type { Breaker, BreakerStateName, Permit } from "../../src/attempt/permit.ts";
import { setProcessTimer } from "../../src/attempt/timer.ts";
import type { BreakerConfig } from "../../src/config/config.ts";
import { shippedBreaker } from "../support/breaker-settings.ts";
import { sampleCatalog, sampleModel } from "../support/routing-samples.ts";
import { createRunnerWorld, type RunnerWorld, settle } from "../support/runner-world.ts";

/** opossum's own surface as its README shows it, beyond what the breaker uses of it. */
type BareOpossum = Opossum<readonly [Promise<unknown>]> & {
  readonly closed: boolean;
  readonly halfOpen: boolean;
  readonly pendingClose: boolean;
  readonly toJSON: () => { readonly state: object };
};
type BareOptions = Readonly<Record<string, unknown>>;

function createOpossum(options: BareOptions): BareOpossum {
  return new Opossum((call: Promise<unknown>) => call, options) as BareOpossum;
}

/** Whatever lets calls through: what a scenario plays with. */
interface Gate {
  readonly acquire: () => Omit<Permit, "trip"> | undefined;
  readonly state: () => BreakerStateName;
}

const callersFault = new Error("ignored");

/** opossum alone, fired when a call starts, ignoring what `errorFilter` filters: the permit layer bypassed. */
function bareGate(options: BareOptions): Gate {
  const opossum = createOpossum({
    timeout: false,
    errorThresholdPercentage: 50,
    resetTimeout: shippedBreaker.openMs,
    rollingCountTimeout: shippedBreaker.windowMs,
    errorFilter: (error: unknown) => error === callersFault,
    ...options,
  });
  return {
    acquire: () => {
      const passes = opossum.closed || opossum.pendingClose;
      const call = Promise.withResolvers<undefined>();
      opossum.fire(call.promise).catch(() => {});
      if (!passes) return undefined;
      const trial = opossum.halfOpen;
      return {
        trial,
        success: () => call.resolve(undefined),
        failure: () => call.reject(new Error("failed")),
        ignore: () => call.reject(callersFault),
        lateFailure: () => call.reject(new Error("failed")),
      };
    },
    state: () => (opossum.closed ? "closed" : opossum.opened ? "open" : "half-open"),
  };
}

/** The quickest of four: a machine that stalls now and then does not change it. */
async function quickest(call: () => Promise<unknown>): Promise<number> {
  let least = Infinity;
  for (let round = 0; round < 4; round += 1) {
    const from = performance.now();
    await call();
    least = Math.min(least, performance.now() - from);
  }
  return least;
}

/** Calls to one deployment, on a clock of their own. */
function oneDeployment(
  script: Parameters<typeof createRunnerWorld>[0]["script"],
  options: Partial<Parameters<typeof createRunnerWorld>[0]> = {},
): RunnerWorld {
  return createRunnerWorld({ catalog: sampleCatalog([sampleModel("acme/a", ["one"])]), script, ...options });
}

const opened: Breaker[] = [];

function newBreaker(
  settings: Partial<BreakerConfig>,
  onTransition: BreakerOptions["onTransition"] = () => {},
): Breaker {
  const breaker = createBreaker({
    name: "openai/gpt-4.1@legacy",
    settings: { ...shippedBreaker, ...settings },
    now: () => performance.now(),
    random: () => 0,
    setTimer: setProcessTimer,
    onTransition,
  });
  opened.push(breaker);
  return breaker;
}

function permitGate(settings: Partial<BreakerConfig>): Gate {
  const { tryAcquire, state } = newBreaker(settings);
  return { acquire: () => tryAcquire(), state };
}

interface Scenario {
  readonly defect: string;
  readonly correct: string;
  readonly bare: BareOptions;
  readonly settings: Partial<BreakerConfig>;
  readonly play: (gate: Gate) => Promise<unknown>;
  readonly withDefect: unknown;
  readonly without: unknown;
}

/** Only the failed share opens it. */
const byShare: Partial<BreakerConfig> = { consecutiveFailures: 1000 };
const advance = async (ms: number): Promise<void> => {
  await vi.advanceTimersByTimeAsync(ms);
};
const many = (count: number, gate: Gate): ReturnType<Gate["acquire"]>[] =>
  Array.from({ length: count }, () => gate.acquire());

async function open(gate: Gate): Promise<void> {
  for (let call = 0; call < 20 && gate.state() === "closed"; call += 1) {
    gate.acquire()?.failure();
    await advance(0);
  }
  expect(gate.state()).toBe("open");
}

async function halfOpen(gate: Gate): Promise<void> {
  await open(gate);
  await advance(shippedBreaker.openMs);
  expect(gate.state()).toBe("half-open");
}

const scenarios: readonly Scenario[] = [
  {
    defect: "1: a slow call from before the outage closes half-open",
    correct: "drops the success of a call from before the outage",
    bare: {},
    settings: {},
    play: async (gate) => {
      const slow = gate.acquire();
      await halfOpen(gate);
      slow?.success();
      await advance(0);
      return gate.state();
    },
    withDefect: "closed",
    without: "half-open",
  },
  {
    defect: "2: a probe that its caller cancelled closes half-open",
    correct: "opens again for a second after a probe that its caller cancelled",
    bare: {},
    settings: {},
    play: async (gate) => {
      await halfOpen(gate);
      gate.acquire()?.ignore();
      await advance(0);
      const after = gate.state();
      await advance(1000);
      return [after, gate.state()];
    },
    withDefect: ["closed", "closed"],
    without: ["open", "half-open"],
  },
  {
    defect: "3a: calls longer than the window never open it",
    correct: "opens on calls that last longer than the window",
    bare: { volumeThreshold: 10, rollingCountTimeout: 10_000 },
    settings: { ...byShare, windowMs: 10_000 },
    play: async (gate) => {
      for (let wave = 0; wave < 5; wave += 1) {
        const calls = many(20, gate);
        await advance(15_000);
        for (const call of calls) call?.failure();
        await advance(0);
        if (gate.state() !== "closed") return gate.state();
      }
      return gate.state();
    },
    withDefect: "closed",
    without: "open",
  },
  {
    defect: "3b: without a minimum the first failure opens it",
    correct: "waits for the minimum of calls",
    bare: {},
    settings: {},
    play: async (gate) => {
      gate.acquire()?.failure();
      await advance(0);
      return gate.state();
    },
    withDefect: "open",
    without: "closed",
  },
  {
    defect: "4a: calls in flight dilute the failed share",
    correct: "takes the failed share of the calls that have ended",
    bare: { volumeThreshold: 10 },
    settings: byShare,
    play: async (gate) => {
      many(100, gate);
      for (const call of many(20, gate)) call?.failure();
      await advance(0);
      return gate.state();
    },
    withDefect: "closed",
    without: "open",
  },
  {
    defect: "4b: rejected callers dilute the failed share",
    correct: "does not count callers that it refused",
    bare: { volumeThreshold: 10 },
    settings: byShare,
    play: async (gate) => {
      await open(gate);
      many(100, gate);
      await advance(shippedBreaker.openMs);
      gate.acquire()?.success();
      await advance(0);
      expect(gate.state()).toBe("closed");
      for (const call of many(30, gate)) call?.failure();
      await advance(0);
      return gate.state();
    },
    withDefect: "closed",
    without: "open",
  },
  {
    defect: "5: a probe that never settles wedges half-open for ever",
    correct: "lets another probe through after one that was never settled",
    bare: {},
    settings: {},
    play: async (gate) => {
      await halfOpen(gate);
      expect(gate.acquire()?.trial).toBe(true);
      await advance(600_000);
      return gate.acquire() !== undefined;
    },
    withDefect: false,
    without: true,
  },
  {
    defect: "late: a stream that broke after its first content stays a success",
    correct: "reads an upstream that always dies in mid-stream as failing wholly",
    bare: { volumeThreshold: 10 },
    settings: byShare,
    play: async (gate) => {
      for (let call = 0; call < 10; call += 1) {
        const stream = gate.acquire();
        stream?.success();
        await advance(0);
        stream?.lateFailure();
        await advance(0);
      }
      return gate.state();
    },
    withDefect: "closed",
    without: "open",
  },
];

describe("defects of opossum as its README shows it", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    for (const breaker of opened.splice(0)) breaker.close();
    vi.useRealTimers();
  });

  // The same scenario against opossum alone and behind permits: what stands in for the permit layer must fail here.
  for (const { defect, correct, bare, settings, play, withDefect, without } of scenarios) {
    it(`bare opossum has defect ${defect}`, async () => {
      expect(await play(bareGate(bare))).toEqual(withDefect);
    });
    it(`behind permits: ${correct}`, async () => {
      expect(await play(permitGate(settings))).toEqual(without);
    });
  }
});

describe("defects of opossum that need a stage of their own", () => {
  afterEach(() => {
    for (const breaker of opened.splice(0)) breaker.close();
    vi.useRealTimers();
  });

  it("6: its one AbortController lets a timeout abort every sibling; each of our attempts has its own", async () => {
    const abortController = new AbortController();
    const bare = createOpossum({ timeout: 10, abortController });
    const siblings = [bare.fire(new Promise(() => {})), bare.fire(new Promise(() => {}))];
    await Promise.allSettled(siblings.slice(0, 1));
    expect(abortController.signal.aborted).toBe(true);
    await Promise.allSettled(siblings);
    bare.shutdown();

    // A permit has no signal to share, so that this holds the attempts around it.
    const { runner, plan, clock, requests, close } = oneDeployment((_, index) =>
      index === 0 ? { kind: "hang" } : { kind: "answer", afterMs: 500 },
    );
    const timesOut = runner.chat(plan({ limits: { attemptMs: 100, maxAttempts: 1 } }).call);
    const sibling = runner.chat(plan().call);
    expect(await settle(clock, timesOut)).toMatchObject({ failure: { kind: "timeout" } });
    expect(requests.map(({ abortedAt }) => abortedAt !== undefined)).toEqual([true, false]);
    expect(await settle(clock, sibling)).toMatchObject({ kind: "answered" });
    expect(requests[1]?.abortedAt).toBeUndefined();
    await close();
  });

  it("7: a throwing listener turns its success into a failure; ours is told and cannot", async () => {
    const bare = createOpossum({});
    bare.on("success", () => {
      throw new Error("listener");
    });
    await expect(bare.fire(Promise.resolve("answer"))).rejects.toThrow("listener");
    expect(bare.stats.failures).toBe(1);
    bare.shutdown();

    const told: BreakerStateName[] = [];
    const breaker = newBreaker({ openMs: 1, maxOpenMs: 1 }, (_from, to) => {
      told.push(to);
      throw new Error("listener");
    });
    for (let call = 0; call < 5; call += 1) breaker.tryAcquire()?.failure();
    await vi.waitFor(
      () => {
        expect(breaker.state()).toBe("half-open");
      },
      { timeout: 15_000 },
    );
    breaker.tryAcquire()?.success();
    expect(breaker.state()).toBe("closed");
    expect(told).toEqual(["open", "half-open", "closed"]);
  });

  it("7: a throwing failure listener hangs its call; a permit's failure always returns", async () => {
    const bare = createOpossum({});
    bare.on("failure", () => {
      throw new Error("listener");
    });
    const escaped = new Promise<unknown>((resolve) => {
      // Nobody catches what the listener threw: it surfaces here while the call stays pending.
      const others = process.listeners("unhandledRejection");
      process.removeAllListeners("unhandledRejection");
      process.once("unhandledRejection", (reason) => {
        for (const other of others) process.on("unhandledRejection", other);
        resolve(reason);
      });
    });
    const call = bare.fire(Promise.reject(new Error("failed"))).then(
      () => "answered",
      () => "answered",
    );
    expect(await escaped).toMatchObject({ message: "listener" });
    expect(await Promise.race([call, new Promise((resolve) => setTimeout(resolve, 20, "pending"))])).toBe(
      "pending",
    );
    bare.shutdown();

    const breaker = newBreaker({ consecutiveFailures: 1 }, () => {
      throw new Error("listener");
    });
    expect(() => breaker.tryAcquire()?.failure()).not.toThrow();
    expect(breaker.state()).toBe("open");
  });

  it("8: a full house counts as its failure; the fleet's limiter refuses before the breaker is asked", async () => {
    const bare = createOpossum({ capacity: 1 });
    void bare.fire(new Promise(() => {}));
    await bare.fire(Promise.resolve()).catch(() => {});
    await bare.fire(Promise.resolve()).catch(() => {});
    expect(bare.opened).toBe(true);
    bare.shutdown();

    // A breaker has no limit, so that this holds the fleet around it.
    const { runner, plan, clock, requests, fleet, close } = oneDeployment(
      () => ({ kind: "answer", afterMs: 100 }),
      {
        limiter: { start: 1, min: 1, max: 1 },
      },
    );
    const calls = Array.from({ length: 20 }, () => runner.chat(plan().call));
    const ended = await settle(clock, Promise.all(calls));
    expect(ended.map(({ kind }) => kind)).toEqual(["answered", ...Array<string>(19).fill("failed")]);
    expect(requests).toHaveLength(1);
    expect(fleet.breaker("acme/a@one")?.snapshot()).toMatchObject({ state: "closed", failurePpm: 0 });
    await close();
  });

  it("8: its percentiles make a failing call dear after many good ones; ours costs the same", async () => {
    const bare = createOpossum({ timeout: false });
    const calls = 100_000;
    for (let call = 0; call < calls; call += 1) void bare.fire(Promise.resolve());
    await new Promise(setImmediate);
    const breaker = newBreaker({});
    for (let call = 0; call < calls; call += 1) breaker.tryAcquire()?.success();

    const bareMs = await quickest(() => bare.fire(Promise.reject(new Error("failed"))).catch(() => {}));
    const oursMs = await quickest(async () => breaker.tryAcquire()?.failure());
    // Some 50 ms against some 10 µs.
    expect(oursMs).toBeLessThan(bareMs / 4);
    bare.shutdown();
  });

  it("9: its imported state waits the whole time again; ours has no import, and keeps its instant", async () => {
    vi.useFakeTimers();
    const bare = createOpossum({ resetTimeout: 10_000 });
    bare.open();
    await vi.advanceTimersByTimeAsync(9000);
    const copy = createOpossum({ resetTimeout: 10_000, state: bare.toJSON().state });
    await vi.advanceTimersByTimeAsync(2000);
    expect([bare.halfOpen, copy.halfOpen]).toEqual([true, false]);
    bare.shutdown();
    copy.shutdown();

    const breaker = newBreaker({});
    breaker.trip(10_000);
    const { probeAt } = breaker.snapshot();
    await vi.advanceTimersByTimeAsync(9000);
    breaker.trip(500);
    expect(breaker.snapshot().probeAt).toBe(probeAt);
    await vi.advanceTimersByTimeAsync(1000);
    expect(breaker.state()).toBe("half-open");
  });

  it("9: its half-open is told in the context of the request that opened it; ours outside of any", async () => {
    const request = new AsyncLocalStorage<string>();
    const bare = createOpossum({ resetTimeout: 5 });
    const context = new Promise<unknown>((resolve) => {
      bare.on("halfOpen", () => resolve(request.getStore()));
    });
    request.run("long-ended request", () => {
      bare.open();
    });
    expect(await context).toBe("long-ended request");
    bare.shutdown();

    const told: [BreakerStateName, unknown][] = [];
    const breaker = createBreaker({
      name: "openai/gpt-4.1@legacy",
      settings: { ...shippedBreaker, openMs: 5, maxOpenMs: 5, consecutiveFailures: 1 },
      now: () => performance.now(),
      random: () => 0,
      setTimer: setProcessTimer,
      onTransition: (_from, to) => told.push([to, request.getStore()]),
    });
    opened.push(breaker);
    request.run("request that trips", () => breaker.tryAcquire()?.failure());
    // Not asked meanwhile, so that it is the timer which turns it half-open.
    await vi.waitFor(
      () => {
        expect(told).toHaveLength(2);
      },
      { timeout: 15_000 },
    );
    request.run("request that probes", () => breaker.tryAcquire()?.success());
    expect(told).toEqual([
      ["open", "request that trips"],
      ["half-open", undefined],
      ["closed", "request that probes"],
    ]);
  });
});
