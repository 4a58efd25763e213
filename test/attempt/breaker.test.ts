import { AsyncLocalStorage } from "node:async_hooks";

import { afterEach, describe, expect, it, vi } from "vitest";

import { createBreaker } from "../../src/attempt/breaker.ts";
import type { Breaker } from "../../src/attempt/permit.ts";
import type { BreakerConfig } from "../../src/config/config.ts";
import { shippedBreaker } from "../support/breaker-settings.ts";
import { createManualClock } from "../support/manual-clock.ts";
import type { ManualClock } from "../support/manual-clock.ts";

interface Stage {
  readonly clock: ManualClock;
  readonly breaker: Breaker;
  readonly changes: readonly string[];
  readonly succeed: (times?: number) => void;
  readonly fail: (times?: number) => void;
}

function stage(settings: Partial<BreakerConfig> = {}, random = (): number => 0): Stage {
  const clock = createManualClock();
  const changes: string[] = [];
  const breaker = createBreaker({
    name: "openai/gpt-4.1@legacy",
    settings: { ...shippedBreaker, ...settings },
    now: clock.now,
    random,
    setTimer: clock.setTimer,
    onTransition: (from, to, name) => changes.push(`${name} ${from} ${to}`),
  });
  return {
    clock,
    breaker,
    changes,
    succeed: (times = 1) => {
      for (let call = 0; call < times; call += 1) breaker.tryAcquire()?.success();
    },
    fail: (times = 1) => {
      for (let call = 0; call < times; call += 1) breaker.tryAcquire()?.failure();
    },
  };
}

describe("a closed breaker", () => {
  it("opens at the fifth failure in a row, however few calls there are", () => {
    const { breaker, clock, fail, changes } = stage();
    fail(4);
    expect(breaker.state()).toBe("closed");
    clock.advanceSync(3_600_000);
    fail();
    expect(breaker.state()).toBe("open");
    expect(changes).toEqual(["openai/gpt-4.1@legacy closed open"]);
  });

  it("starts the count anew after a success", () => {
    const { breaker, fail, succeed } = stage({ failurePercent: 100 });
    for (let round = 0; round < 5; round += 1) {
      fail(4);
      succeed();
    }
    expect(breaker.state()).toBe("closed");
  });

  const shares: readonly { name: string; failures: number; of: number; state: string }[] = [
    {
      name: "opens when exactly the configured share of the minimum failed",
      failures: 5,
      of: 10,
      state: "open",
    },
    { name: "stays closed below the share", failures: 4, of: 10, state: "closed" },
    { name: "stays closed below the minimum of calls", failures: 5, of: 9, state: "closed" },
    { name: "opens on every other call failing", failures: 10, of: 20, state: "open" },
  ];
  for (const { name, failures, of, state } of shares) {
    it(`${name} (${failures} of ${of})`, () => {
      const { breaker, fail, succeed } = stage({ consecutiveFailures: 1000 });
      succeed(of - failures);
      fail(failures);
      expect(breaker.state()).toBe(state);
    });
  }

  it("opens when everything fails though the configured share is all", () => {
    const { breaker, fail } = stage({ failurePercent: 100, consecutiveFailures: 1000 });
    fail(10);
    expect(breaker.state()).toBe("open");
  });

  it("forgets what lies further back than its window", () => {
    const { breaker, clock, fail, succeed } = stage({ consecutiveFailures: 1000 });
    fail(9);
    clock.advanceSync(shippedBreaker.windowMs);
    expect(breaker.snapshot().failurePpm).toBe(0);
    succeed(6);
    fail(5);
    expect(breaker.snapshot()).toMatchObject({ state: "closed", failurePpm: 454_545 });
  });

  it("counts nothing until a call ends, and nothing for one that says nothing", () => {
    const { breaker } = stage();
    const calls = Array.from({ length: 100 }, () => breaker.tryAcquire());
    for (const call of calls) call?.ignore();
    expect(breaker.snapshot()).toEqual({ state: "closed", changedAt: 0, probeAt: undefined, failurePpm: 0 });
  });

  it("takes the first settlement of a permit and no other", () => {
    const { breaker } = stage();
    const call = breaker.tryAcquire();
    call?.failure();
    for (let again = 0; again < 20; again += 1) {
      call?.failure();
      call?.lateFailure();
      call?.trip(1000);
      call?.success();
    }
    expect(breaker.snapshot()).toMatchObject({ state: "closed", failurePpm: 1_000_000 });
  });

  it("counts every failure of calls that overlap", () => {
    const { breaker } = stage();
    const calls = Array.from({ length: 5 }, () => breaker.tryAcquire());
    for (const call of calls.slice(0, 4)) call?.failure();
    expect(breaker.state()).toBe("closed");
    calls[4]?.failure();
    expect(breaker.state()).toBe("open");
  });
});

describe("a late failure", () => {
  it("adds a failure to a call that was counted as a success", () => {
    const { breaker, succeed } = stage();
    succeed();
    const stream = breaker.tryAcquire();
    stream?.success();
    stream?.lateFailure();
    expect(breaker.snapshot().failurePpm).toBe(500_000);
    stream?.lateFailure();
    expect(breaker.snapshot().failurePpm).toBe(500_000);
  });

  it("is a whole failed call where nobody told of its success", () => {
    const { breaker } = stage();
    breaker.tryAcquire()?.lateFailure();
    expect(breaker.snapshot().failurePpm).toBe(1_000_000);
  });

  it("five times in a row opens a quiet model that always dies in mid-stream", () => {
    const { breaker, clock } = stage();
    for (let call = 0; call < 5; call += 1) {
      expect(breaker.state()).toBe("closed");
      const stream = breaker.tryAcquire();
      stream?.success();
      clock.advanceSync(120_000);
      stream?.lateFailure();
    }
    expect(breaker.state()).toBe("open");
  });

  it("does not undo the success of another call", () => {
    const { breaker, fail, succeed } = stage({ failurePercent: 100, minimumRequests: 1000 });
    fail(4);
    const stream = breaker.tryAcquire();
    stream?.success();
    succeed();
    stream?.lateFailure();
    expect(breaker.state()).toBe("closed");
  });

  it("of the probe that closed it counts in the new window", () => {
    const { breaker, clock, fail } = stage();
    fail(5);
    clock.advanceSync(10_000);
    const probe = breaker.tryAcquire();
    probe?.success();
    probe?.lateFailure();
    expect(breaker.snapshot()).toMatchObject({ state: "closed", failurePpm: 1_000_000 });
    fail(4);
    expect(breaker.state()).toBe("open");
  });
});

describe("an open breaker", () => {
  it("refuses until its instant, then lets one of a thousand waiting callers through", () => {
    const { breaker, clock, fail } = stage();
    fail(5);
    const probeAt = clock.now() + 10_000;
    expect(breaker.readyAt()).toBe(probeAt);
    expect(breaker.snapshot()).toMatchObject({ state: "open", probeAt, failurePpm: 1_000_000 });
    clock.advanceSync(9999);
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.advanceSync(1);
    expect(breaker.readyAt()).toBe(0);
    const calls = Array.from({ length: 1000 }, () => breaker.tryAcquire());
    expect(calls.filter((permit) => permit !== undefined)).toHaveLength(1);
    expect(calls[0]?.trial).toBe(true);
    expect(breaker.readyAt()).toBe(Infinity);
    calls[0]?.success();
    expect(breaker.readyAt()).toBe(0);
    expect(breaker.tryAcquire()?.trial).toBe(false);
  });

  it("turns half-open by itself, so that operators see it though nobody calls", () => {
    const { breaker, clock, fail, changes } = stage();
    fail(5);
    clock.advanceSync(10_000);
    expect(changes.at(-1)).toBe("openai/gpt-4.1@legacy open half-open");
    expect(breaker.snapshot()).toMatchObject({ changedAt: clock.now(), probeAt: undefined });
  });

  it("doubles its time with each failed probe up to the cap, and begins anew once closed", () => {
    const { breaker, clock, fail, succeed } = stage({ openMs: 2000, maxOpenMs: 25_000 });
    const times: number[] = [];
    const openedFor = (): number => {
      times.push(breaker.readyAt() - clock.now());
      return times.at(-1) ?? 0;
    };
    fail(5);
    for (let probe = 0; probe < 5; probe += 1) {
      clock.advanceSync(openedFor());
      fail();
    }
    clock.advanceSync(openedFor());
    succeed();
    fail(5);
    openedFor();
    expect(times).toEqual([2000, 4000, 8000, 16_000, 20_000, 20_000, 2000]);
  });

  it("opens for a second after a probe that says nothing, and that is no failed probe", () => {
    const { breaker, clock, fail } = stage();
    fail(5);
    clock.advanceSync(10_000);
    for (let probe = 0; probe < 3; probe += 1) {
      breaker.tryAcquire()?.ignore();
      expect(breaker.readyAt()).toBe(clock.now() + 1000);
      clock.advanceSync(1000);
    }
    fail();
    expect(breaker.readyAt()).toBe(clock.now() + 20_000);
  });

  it("counts a probe that nobody settles by its deadline as failed, and drops what it says later", () => {
    const { breaker, clock, fail } = stage();
    fail(5);
    clock.advanceSync(10_000);
    const probe = breaker.tryAcquire(clock.now() + 30_000);
    clock.advanceSync(30_999);
    expect(breaker.state()).toBe("half-open");
    clock.advanceSync(1);
    expect(breaker.snapshot()).toMatchObject({ state: "open", probeAt: clock.now() + 20_000 });
    probe?.success();
    expect(breaker.state()).toBe("open");
  });

  for (const deadline of [undefined, Infinity]) {
    it(`does not wait for ever for a probe with the deadline ${deadline}`, () => {
      const { breaker, clock, fail } = stage();
      fail(5);
      clock.advanceSync(10_000);
      breaker.tryAcquire(deadline);
      clock.advanceSync(200_000);
      expect(breaker.tryAcquire()?.trial).toBe(true);
    });
  }

  it("counts the probe that closed it when it ended, not when it began", () => {
    const { breaker, clock, fail } = stage({ minimumRequests: 3, consecutiveFailures: 1000 });
    breaker.trip(1000);
    clock.advanceSync(1000);
    const probe = breaker.tryAcquire();
    clock.advanceSync(50_000);
    probe?.success();
    clock.advanceSync(20_000);
    fail(2);
    expect(breaker.state()).toBe("open");
  });

  it("starts with an empty window once it closes", () => {
    const { breaker, clock, fail, succeed } = stage({ consecutiveFailures: 1000 });
    fail(10);
    clock.advanceSync(10_000);
    succeed();
    expect(breaker.snapshot()).toMatchObject({ state: "closed", failurePpm: 0, changedAt: clock.now() });
    fail(8);
    expect(breaker.state()).toBe("closed");
  });
});

describe("trip, reset and close", () => {
  it("opens a breaker without failures, as an answer that names no model does", () => {
    const { breaker, clock } = stage();
    breaker.tryAcquire()?.trip(300_000);
    expect(breaker.snapshot()).toMatchObject({
      state: "open",
      probeAt: clock.now() + 300_000,
      failurePpm: 0,
    });
    clock.advanceSync(300_000);
    expect(breaker.tryAcquire()?.trial).toBe(true);
  });

  it("is not tripped by an answer from an older generation", () => {
    const { breaker, clock, fail } = stage();
    const slow = breaker.tryAcquire();
    fail(5);
    clock.advanceSync(10_000);
    breaker.tryAcquire()?.success();
    slow?.trip(300_000);
    expect(breaker.state()).toBe("closed");
  });

  it("keeps the later of two trips", () => {
    const { breaker, clock } = stage();
    breaker.trip(5000);
    breaker.trip(1000);
    expect(breaker.readyAt()).toBe(clock.now() + 5000);
    breaker.trip(60_000);
    expect(breaker.readyAt()).toBe(clock.now() + 60_000);
  });

  for (const ms of [0, -1, Number.NaN]) {
    it(`takes a trip of ${ms} ms as one that is over`, () => {
      const { breaker } = stage();
      breaker.trip(ms);
      expect(breaker.tryAcquire()?.trial).toBe(true);
    });
  }

  for (const ms of [2 ** 31, 2 ** 40]) {
    it(`stays open for ${ms} ms, which is longer than a timer can wait`, () => {
      const { breaker, clock, changes } = stage();
      breaker.trip(ms);
      clock.advanceSync(ms - 1);
      expect(changes).toHaveLength(1);
      clock.advanceSync(1);
      expect(changes).toHaveLength(2);
    });
  }

  it("stays open for ever without a timer when told so", () => {
    const { breaker, clock } = stage();
    breaker.trip(Infinity);
    expect(clock.pendingTimers()).toBe(0);
    expect(breaker.readyAt()).toBe(Infinity);
    breaker.reset();
    expect(breaker.readyAt()).toBe(0);
  });

  it("closes on reset, forgets its counts, and drops what began before", () => {
    const { breaker, clock, fail, changes } = stage();
    const before = breaker.tryAcquire();
    fail(5);
    breaker.reset();
    expect(breaker.snapshot()).toMatchObject({ state: "closed", failurePpm: 0 });
    before?.failure();
    fail(4);
    breaker.reset();
    fail(4);
    expect(breaker.state()).toBe("closed");
    expect(changes).toHaveLength(2);
    expect(clock.pendingTimers()).toBe(0);
  });

  it("has a timer only while it is open or probing, and none once closed for good", () => {
    const { breaker, clock, fail, succeed } = stage();
    succeed(100);
    fail(4);
    expect(clock.pendingTimers()).toBe(0);
    fail();
    expect(clock.pendingTimers()).toBe(1);
    clock.advanceSync(10_000);
    expect(clock.pendingTimers()).toBe(0);
    const probe = breaker.tryAcquire();
    expect(clock.pendingTimers()).toBe(1);
    breaker.close();
    expect(clock.pendingTimers()).toBe(0);
    probe?.failure();
    expect(clock.pendingTimers()).toBe(0);
  });

  it("serves calls that outlive it, timerless", () => {
    const { breaker, clock, fail } = stage();
    breaker.close();
    fail(5);
    expect(breaker.tryAcquire()).toBeUndefined();
    clock.advanceSync(10_000);
    expect(breaker.tryAcquire()?.trial).toBe(true);
    clock.advanceSync(200_000);
    expect(breaker.state()).toBe("open");
    clock.advanceSync(25_000);
    breaker.tryAcquire()?.success();
    expect(breaker.state()).toBe("closed");
  });

  it("shows a listener the state that it is told of, even one that acts on it", () => {
    const clock = createManualClock();
    const seen: string[] = [];
    const breaker = createBreaker({
      name: "model@upstream",
      settings: shippedBreaker,
      now: clock.now,
      random: () => 0,
      setTimer: clock.setTimer,
      onTransition: (from, to) => {
        seen.push(`${from} ${to} ${breaker.state()}`);
        if (to === "open") breaker.reset();
      },
    });
    for (let call = 0; call < 5; call += 1) breaker.tryAcquire()?.failure();
    expect(seen).toEqual(["closed open open", "open closed closed"]);
    expect(clock.pendingTimers()).toBe(0);
  });
});

describe("time", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  for (const jumpMs of [3_600_000, -3_600_000]) {
    it(`is the monotonic clock's: a wall clock that jumps by ${jumpMs / 60_000} minutes changes nothing`, () => {
      vi.useFakeTimers({ toFake: ["Date"] });
      const { breaker, clock, fail, succeed } = stage({ consecutiveFailures: 1000 });
      succeed(6);
      fail(5);
      vi.setSystemTime(Date.now() + jumpMs);
      expect(breaker.snapshot()).toMatchObject({ state: "closed", failurePpm: 454_545 });
      fail();
      expect(breaker.state()).toBe("open");
      vi.setSystemTime(Date.now() + jumpMs);
      clock.advanceSync(9999);
      expect(breaker.state()).toBe("open");
      clock.advanceSync(1);
      const probe = breaker.tryAcquire();
      vi.setSystemTime(Date.now() + jumpMs);
      expect(breaker.state()).toBe("half-open");
      probe?.success();
      expect(breaker.state()).toBe("closed");
    });
  }

  it("does not let a timer that runs early open the gate early", () => {
    const { breaker, timers, setNow } = bareStage();
    breaker.trip(10_000);
    setNow(9999.4);
    timers.shift()?.run();
    expect(breaker.tryAcquire()).toBeUndefined();
    setNow(10_000);
    timers.shift()?.run();
    expect(breaker.state()).toBe("half-open");
    expect(timers).toHaveLength(0);
  });

  it("never asks for a longer timer than Node has, which would run at once", () => {
    const { breaker, timers } = bareStage();
    breaker.trip(2 ** 40);
    expect(timers.map(({ ms }) => ms)).toEqual([2 ** 31 - 1]);
  });

  it("keeps no request's context alive by its timer", () => {
    const { breaker, timers } = bareStage();
    request.run("request", () => breaker.trip(10_000));
    expect(timers.map(({ context }) => context)).toEqual([undefined]);
  });

  it("tells of half-open outside of the request that found its time up", () => {
    const { breaker, told, setNow } = bareStage();
    breaker.close();
    breaker.trip(10_000);
    setNow(10_000);
    request.run("request", () => breaker.tryAcquire()?.success());
    expect(told).toEqual(["open undefined", "half-open undefined", "closed request"]);
  });
});

const request = new AsyncLocalStorage<string>();

/** A breaker whose timers run only when a test runs them. */
function bareStage() {
  const timers: { readonly run: () => void; readonly ms: number; readonly context: unknown }[] = [];
  const told: string[] = [];
  let instant = 0;
  const breaker = createBreaker({
    name: "model@upstream",
    settings: shippedBreaker,
    now: () => instant,
    random: () => 0,
    setTimer: (run, ms) => {
      timers.push({ run, ms, context: request.getStore() });
      return { cancel: () => {} };
    },
    onTransition: (_from, to) => told.push(`${to} ${request.getStore()}`),
  });
  const setNow = (now: number): void => {
    instant = now;
  };
  return { breaker, timers, told, setNow };
}
