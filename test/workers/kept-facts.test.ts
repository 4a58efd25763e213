import { describe, expect, it } from "vitest";
import type { CanaryWord } from "../../src/attempt/canary-word.ts";
import { createKeptFacts } from "../../src/workers/kept-facts.ts";
import type { PeerFact } from "../../src/workers/peer-fact.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";

const key = (ttlMs: number, keyId = "a", upstreamModel = "m"): PeerFact => ({
  kind: "key",
  upstream: "main",
  fact: { keyId, fingerprint: "f", ttlMs, why: "rate-limited", upstreamModel },
});
const account = { caller: "team-a", labels: {} };
const spent = (nanos: bigint, at: number, reservation = 0, caller = "team-a"): PeerFact => ({
  kind: "spent",
  reservation,
  account: { ...account, caller },
  nanos,
  at,
});
const dayMs = 86_400_000;

describe("what is kept for a worker that starts later", () => {
  const create = (): { clock: ManualClock; kept: ReturnType<typeof createKeptFacts> } => {
    const clock = createManualClock();
    return { clock, kept: createKeptFacts(clock.now) };
  };

  it("is what still holds, for as long as it still does", () => {
    const { clock, kept } = create();
    kept.note({ from: 1, fact: key(5_000) });
    kept.note({ from: 2, fact: key(1_000, "b") });
    kept.note({ from: 2, fact: { kind: "hold", deployment: "d", ttlMs: 3_000 } });
    kept.note({ from: 2, fact: { kind: "breaker", deployment: "d", openMs: 9_000 } });
    clock.advanceSync(2_000);
    expect(kept.all()).toEqual([
      { from: 1, fact: key(3_000) },
      { from: 2, fact: { kind: "hold", deployment: "d", ttlMs: 1_000 } },
      { from: 2, fact: { kind: "breaker", deployment: "d", openMs: 7_000 } },
    ]);
    clock.advanceSync(10_000);
    expect(kept.all()).toEqual([]);
  });

  it("is one fact about each thing, and an upstream's word is never made shorter", () => {
    const { kept } = create();
    kept.note({ from: 1, fact: key(5_000) });
    kept.note({ from: 2, fact: key(1_000) });
    kept.note({ from: 2, fact: key(1_000, "a", "other") });
    expect(kept.all().map(({ fact }) => (fact.kind === "key" ? fact.fact.ttlMs : 0))).toEqual([5_000, 1_000]);
  });

  it("is an operator's last word on a breaker", () => {
    const { kept } = create();
    kept.note({ from: 1, fact: { kind: "breaker", deployment: "d", openMs: 9_000 } });
    kept.note({ from: 1, fact: { kind: "breaker", deployment: "d", openMs: 1_000 } });
    expect(kept.all().map(({ fact }) => fact)).toEqual([{ kind: "breaker", deployment: "d", openMs: 1_000 }]);
    kept.note({ from: 2, fact: { kind: "breaker", deployment: "d", openMs: undefined } });
    expect(kept.all()).toEqual([]);
  });

  it("is what was spent, added up by account and day, for no longer than a month", () => {
    const { kept } = create();
    for (let n = 0; n < 100; n++) kept.note({ from: 1, fact: spent(5n, 40 * dayMs + n) });
    kept.note({ from: 2, fact: spent(1n, 41 * dayMs) });
    kept.note({ from: 2, fact: spent(7n, 41 * dayMs, 0, "team-b") });
    const sums = (): readonly unknown[] =>
      kept
        .all()
        .map(({ fact, from }) =>
          fact.kind === "spent" ? [from, fact.account.caller, fact.nanos] : fact.kind,
        );
    expect(sums()).toEqual([
      [0, "team-a", 500n],
      [0, "team-a", 1n],
      [0, "team-b", 7n],
    ]);
    kept.note({ from: 1, fact: spent(2n, 72 * dayMs) });
    expect(sums()).toEqual([
      [0, "team-a", 1n],
      [0, "team-b", 7n],
      [0, "team-a", 2n],
    ]);
  });

  it("is what is set aside now: not what was spent since, nor by a worker that has ended", () => {
    const { kept } = create();
    const reserved = (reservation: number): PeerFact => ({
      kind: "reserved",
      reservation,
      account,
      nanos: 9n,
    });
    kept.note({ from: 1, fact: reserved(1) });
    kept.note({ from: 1, fact: reserved(2) });
    kept.note({ from: 2, fact: reserved(1) });
    kept.note({ from: 1, fact: spent(3n, dayMs, 1) });
    kept.leave(2);
    expect(kept.all()).toEqual([
      { from: 0, fact: spent(3n, dayMs, 1) },
      { from: 1, fact: reserved(2) },
    ]);
  });

  it("is where the canary stands, and who watches, not the calls or keys of the past", () => {
    const { kept } = create();
    const stands = (changedAt: number): CanaryWord => ({
      kind: "stands",
      armed: false,
      saved: {
        stable: "old",
        canary: "new",
        configuredBasisPoints: 500,
        changedAt,
        standing: { kind: "trying", weightBasisPoints: changedAt },
      },
    });
    kept.note({ from: 1, fact: { kind: "canary", words: [stands(1)] } });
    kept.note({ from: 2, fact: { kind: "canary", words: [stands(2)] } });
    kept.note({ from: 2, fact: { kind: "canary", words: [] } });
    kept.note({ from: 0, fact: { kind: "keys", upstream: "main", keys: [] } });
    kept.note({ from: 1, fact: { kind: "upstream-breaker", upstream: "main" } });
    for (const from of [1, 2, 3]) kept.note({ from, fact: { kind: "watch", watched: true } });
    kept.note({ from: 2, fact: { kind: "watch", watched: false } });
    kept.leave(3);
    expect(kept.all()).toEqual([
      { from: 1, fact: { kind: "watch", watched: true } },
      { from: 2, fact: { kind: "canary", words: [stands(2)] } },
    ]);
  });
});
