import { describe, expect, it } from "vitest";
import type { LedgerEvents } from "../../src/ledger/ledger-events.ts";
import { startRetention } from "../../src/ledger/retention.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { createScriptedStore } from "../support/scripted-store.ts";

const day = 86_400_000;
const hour = 3_600_000;

function world(old: number, days = 90) {
  const clock = createManualClock();
  const store = createScriptedStore(old);
  const told: string[] = [];
  const events: LedgerEvents = {
    written: () => told.push("works"),
    failed: ({ code }) => told.push(code),
    dropped: () => {},
    closed: () => {},
  };
  const wallClock = (): number => 1_000 * day + clock.now();
  const start = () =>
    startRetention({ store, retentionDays: days, wallClock, setTimer: clock.setTimer, events });
  return { clock, store, told, start };
}

describe("retention", () => {
  it("deletes at once, and every hour, what is older than the config keeps", async () => {
    const { clock, store, start } = world(0);
    start();
    expect(store.pruned.map(({ before }) => before)).toEqual([910 * day + clock.now()]);
    await clock.advance(2 * hour);
    expect(store.pruned).toHaveLength(3);
    expect(store.pruned.at(-1)?.before).toBe(910 * day + clock.now());
  });

  it("goes on in small steps with pauses while there is more", async () => {
    const { clock, store, start } = world(5_000);
    start();
    await clock.advance(49);
    expect(store.pruned).toHaveLength(1);
    await clock.advance(500);
    expect(store.pruned).toHaveLength(3);
    expect(Math.max(...store.pruned.map(({ atMost }) => atMost))).toBeLessThanOrEqual(2_000);
  });

  it("tells at the start that the store is away, and tries again in an hour", async () => {
    const { clock, store, told, start } = world(0);
    store.behave({ code: "ECONNREFUSED" });
    start();
    await clock.advance(0);
    expect(told).toEqual(["ECONNREFUSED"]);
    store.behave("well");
    await clock.advance(hour);
    expect(told).toEqual(["ECONNREFUSED", "works"]);
  });

  it("stops when it is told, also in the middle of a step", async () => {
    const { clock, store, start } = world(5_000);
    store.behave("hang");
    const stop = start();
    stop();
    store.release();
    await clock.advance(10 * hour);
    expect(store.pruned).toHaveLength(1);
    expect(clock.pendingTimers()).toBe(0);
  });
});
