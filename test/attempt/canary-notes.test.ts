import { describe, expect, it } from "vitest";
import { createCanaryNotes, type SharedNotes } from "../../src/attempt/canary-notes.ts";
import type { SavedCanary } from "../../src/attempt/canary-store.ts";
import { createManualClock } from "../support/manual-clock.ts";

const saved: SavedCanary = {
  stable: "old",
  canary: "new",
  configuredBasisPoints: 500,
  changedAt: 1_700_000_000_000,
  standing: { kind: "rolled-back", rule: "errors", why: "it fails", at: 1_700_000_000_000 },
};

/** Notes in memory, which can be away or never answer. */
function memoryNotes() {
  const texts = new Map<string, string>();
  const state: { mood: "here" | "away" | "silent" } = { mood: "here" };
  const answer = <T>(value: () => T) => {
    if (state.mood === "silent") return new Promise<never>(() => {});
    return Promise.resolve(
      state.mood === "here" ? ({ kind: "done", value: value() } as const) : ({ kind: "failed" } as const),
    );
  };
  const notes: SharedNotes = {
    read: (name) => answer(() => texts.get(name)),
    write: (name, text) => answer(() => void texts.set(name, text)),
  };
  return { notes, texts, state };
}

describe("a canary's standing in shared notes", () => {
  it("is nothing at first, then what any replica saved", async () => {
    const { notes } = memoryNotes();
    const { setTimer } = createManualClock();
    const [one, other] = [createCanaryNotes(notes, setTimer), createCanaryNotes(notes, setTimer)];
    expect(await one.load()).toEqual({ kind: "nothing" });
    expect(await one.save(saved)).toBe(true);
    expect(await other.load()).toEqual({ kind: "saved", saved });
  });

  it("is unreadable while the store is away, and where somebody else wrote there", async () => {
    const { notes, texts, state } = memoryNotes();
    const store = createCanaryNotes(notes, createManualClock().setTimer);
    texts.set("canary", "{");
    expect(await store.load()).toEqual({ kind: "unreadable" });
    state.mood = "away";
    expect(await store.load()).toEqual({ kind: "unreadable" });
    expect(await store.save(saved)).toBe(false);
  });

  it("is not waited for longer than a second", async () => {
    const { notes, state } = memoryNotes();
    const clock = createManualClock();
    state.mood = "silent";
    const loading = createCanaryNotes(notes, clock.setTimer).load();
    await clock.advance(1_000);
    expect(await loading).toEqual({ kind: "unreadable" });
  });

  it("leaves no timer behind", async () => {
    const clock = createManualClock();
    await createCanaryNotes(memoryNotes().notes, clock.setTimer).load();
    expect(clock.pendingTimers()).toBe(0);
  });
});
