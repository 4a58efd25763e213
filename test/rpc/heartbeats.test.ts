import { describe, expect, it } from "vitest";
import { heartbeat, withHeartbeats } from "../../src/rpc/heartbeats.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";

const everyMs = 15_000;

/** Numbers at these distances, then the end `endMs` later. */
async function* items(clock: ManualClock, waits: readonly number[], endMs = 0): AsyncGenerator<number> {
  for (const [index, ms] of waits.entries()) {
    await clock.sleep(ms);
    yield index;
  }
  await clock.sleep(endMs);
}

async function heard(clock: ManualClock, source: AsyncIterable<number>, ms: number): Promise<unknown[]> {
  const seen: unknown[] = [];
  const reading = (async () => {
    for await (const item of withHeartbeats(source, everyMs, clock.setTimer)) {
      seen.push([item === heartbeat ? "heartbeat" : item, clock.now() - 1_000]);
    }
    seen.push(["end", clock.now() - 1_000]);
  })();
  await Promise.all([clock.advance(ms), reading]);
  return seen;
}

describe("heartbeats", () => {
  it("come in a long silence, before the first item, between two and before the end", async () => {
    const clock = createManualClock();
    expect(await heard(clock, items(clock, [40_000, 16_000], 15_001), 100_000)).toEqual([
      ["heartbeat", 15_000],
      ["heartbeat", 30_000],
      [0, 40_000],
      ["heartbeat", 55_000],
      [1, 56_000],
      ["heartbeat", 71_000],
      ["end", 71_001],
    ]);
  });

  it("do not come where items keep coming, and leave no timer behind", async () => {
    const clock = createManualClock();
    const waits = Array.from({ length: 20 }, () => 14_999);
    const seen = await heard(clock, items(clock, waits), 400_000);
    expect(seen).toHaveLength(21);
    expect(clock.pendingTimers()).toBe(0);
  });

  it("do not come while the reader takes its time", async () => {
    const clock = createManualClock();
    const reader = withHeartbeats(items(clock, [0, 0]), everyMs, clock.setTimer);
    const first = reader.next();
    await clock.advance(0);
    expect(await first).toEqual({ done: false, value: 0 });
    await clock.advance(60_000);
    const second = reader.next();
    await clock.advance(0);
    expect(await second).toEqual({ done: false, value: 1 });
  });

  it("pass a failure on", async () => {
    const clock = createManualClock();
    async function* failing(): AsyncGenerator<number> {
      await clock.sleep(20_000);
      yield* [];
      throw new Error("broke");
    }
    const reading = heard(clock, failing(), 30_000);
    await expect(reading).rejects.toThrow("broke");
    expect(clock.pendingTimers()).toBe(0);
  });

  it("leave the source when they are left, once what was awaited has settled", async () => {
    const clock = createManualClock();
    let left = false;
    async function* source(): AsyncGenerator<number> {
      try {
        for (;;) {
          await clock.sleep(20_000);
          yield 1;
        }
      } finally {
        left = true;
      }
    }
    const reader = withHeartbeats(source(), everyMs, clock.setTimer);
    const beat = reader.next();
    await clock.advance(15_000);
    expect((await beat).value).toBe(heartbeat);
    const leaving = reader.return();
    await clock.advance(0);
    expect(left).toBe(false);
    await clock.advance(5_000);
    await leaving;
    expect(left).toBe(true);
    expect(clock.pendingTimers()).toBe(0);
  });
});
