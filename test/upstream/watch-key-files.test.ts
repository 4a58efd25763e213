import { AsyncLocalStorage } from "node:async_hooks";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { setProcessTimer } from "../../src/attempt/timer.ts";
import {
  createKeyFileWatch,
  type KeyFileWatch,
  pollMs,
  settleMs,
} from "../../src/upstream/watch-key-files.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";

interface WatchWorld {
  readonly watch: KeyFileWatch;
  readonly clock: ManualClock;
  /** Instants of the looks so far, from the start of the clock. */
  readonly looks: number[];
  /** Folders that are watched. */
  readonly watched: () => readonly string[];
  readonly tell: (folder: string, name: string | null) => void;
}

function startWatch(look: () => Promise<boolean> = () => Promise.resolve(true)): WatchWorld {
  const clock = createManualClock(0);
  const looks: number[] = [];
  const listeners = new Map<string, (name: string | null) => void>();
  const watch = createKeyFileWatch({
    setTimer: clock.setTimer,
    look: () => {
      looks.push(clock.now());
      return look();
    },
    watchFolder: (folder, onChange) => {
      listeners.set(folder, onChange);
      return () => listeners.delete(folder);
    },
  });
  return {
    watch,
    clock,
    looks,
    watched: () => [...listeners.keys()],
    tell: (folder, name) => listeners.get(folder)?.(name),
  };
}

describe("a watch of key files", () => {
  it("looks at once, and from time to time, whatever the system tells", async () => {
    const { watch, clock, looks } = startWatch();
    watch.follow(["/run/key"]);
    await clock.advance(3 * pollMs);
    expect(looks).toEqual([settleMs, settleMs + pollMs, settleMs + 2 * pollMs]);
  });

  it("looks soon after the system tells of a file, once for many words", async () => {
    const { watch, clock, looks, tell } = startWatch();
    watch.follow(["/run/key"]);
    await clock.advance(500);
    looks.length = 0;
    for (let n = 0; n < 5; n++) {
      tell("/run", "key");
      await clock.advance(settleMs / 10);
    }
    await clock.advance(settleMs);
    expect(looks).toEqual([500 + settleMs]);
    await clock.advance(pollMs);
    expect(looks).toHaveLength(2);
  });

  it("heeds the link that Kubernetes swaps, and a word without a name, but no other file of the folder", async () => {
    const { watch, clock, looks, tell } = startWatch();
    watch.follow(["/run/key"]);
    await clock.advance(settleMs);
    looks.length = 0;
    tell("/run", "switchyard.db-wal");
    await clock.advance(settleMs);
    expect(looks).toEqual([]);
    for (const name of ["..data", null]) {
      tell("/run", name);
      await clock.advance(settleMs);
    }
    expect(looks).toHaveLength(2);
  });

  it("looks again soon where what it saw may be half written", async () => {
    const answers = [false, false, true];
    const { watch, clock, looks } = startWatch(() => Promise.resolve(answers.shift() ?? true));
    watch.follow(["/run/key"]);
    await clock.advance(3 * settleMs);
    expect(looks).toEqual([settleMs, 2 * settleMs, 3 * settleMs]);
    await clock.advance(pollMs - 1);
    expect(looks).toHaveLength(3);
  });

  it("has one look at a time, and one more for what is told meanwhile", async () => {
    const slow = Promise.withResolvers<boolean>();
    const { watch, clock, looks, tell } = startWatch(() => slow.promise);
    watch.follow(["/run/key"]);
    await clock.advance(10 * pollMs);
    expect(looks).toHaveLength(1);
    for (let n = 0; n < 3; n++) tell("/run", "key");
    slow.resolve(true);
    await clock.advance(settleMs);
    expect(looks).toEqual([settleMs, 10 * pollMs + settleMs]);
  });

  it("follows other files from one word to the next, and none at all where there are none", async () => {
    const { watch, clock, looks, watched } = startWatch();
    watch.follow([]);
    expect(clock.pendingTimers()).toBe(0);
    watch.follow(["/run/a", "/run/b", "/etc/c"]);
    expect(watched()).toEqual(["/run", "/etc"]);
    watch.follow(["/etc/c"]);
    expect(watched()).toEqual(["/etc"]);
    watch.follow([]);
    expect([watched(), clock.pendingTimers()]).toEqual([[], 0]);
    watch.follow(["/etc/c"]);
    await clock.advance(settleMs);
    expect(looks).toHaveLength(1);
  });

  it("is over once it is closed, also where a look is under way", async () => {
    const slow = Promise.withResolvers<boolean>();
    const { watch, clock, looks, watched } = startWatch(() => slow.promise);
    watch.follow(["/run/key"]);
    await clock.advance(pollMs);
    watch.close();
    slow.resolve(false);
    watch.follow(["/run/key"]);
    await clock.advance(3 * pollMs);
    expect([looks.length, watched(), clock.pendingTimers()]).toEqual([1, [], 0]);
  });

  it("looks outside of the call that had it follow", async () => {
    const calls = new AsyncLocalStorage<string>();
    const contexts: (string | undefined)[] = [];
    const { watch, clock } = startWatch(() => {
      contexts.push(calls.getStore());
      return Promise.resolve(true);
    });
    calls.run("a call", () => watch.follow(["/run/key"]));
    await clock.advance(settleMs + pollMs);
    expect(contexts).toEqual([undefined, undefined]);
  });

  it("hears of real files from the system, beside a folder that does not exist", async () => {
    const folder = mkdtempSync(join(tmpdir(), "switchyard-watch-"));
    let looks = 0;
    const watch = createKeyFileWatch({
      setTimer: (run, ms) => setProcessTimer(run, ms === pollMs ? 2 ** 30 : ms),
      look: () => Promise.resolve(++looks > 0),
    });
    watch.follow([join(folder, "key"), join(folder, "later", "key")]);
    await expect.poll(() => looks, { timeout: 10_000 }).toBe(1);
    writeFileSync(join(folder, "key"), "1");
    await expect.poll(() => looks, { timeout: 10_000 }).toBeGreaterThan(1);
    watch.close();
    rmSync(folder, { recursive: true });
  });
});
