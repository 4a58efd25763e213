import { describe, expect, it } from "vitest";
import { canaryOutage } from "../../src/routing/canary-outage.ts";
import { type RollbackReason, rollbackRules, rollbackSentence } from "../../src/routing/canary-verdict.ts";

describe("canaryOutage()", () => {
  it("finds nothing while all is well", () => {
    expect(canaryOutage({ breakers: [], unreached: 0 }, 1e6)).toBeUndefined();
  });

  it("gives a breaker a minute to close", () => {
    const breakers = [{ name: "a@new", openedAt: 1000 }];
    expect(canaryOutage({ breakers, unreached: 0 }, 60_999)).toBeUndefined();
    expect(canaryOutage({ breakers, unreached: 0 }, 61_000)).toEqual({
      kind: "breaker-open",
      breaker: "a@new",
      ms: 60_000,
    });
  });

  it("names the breaker that has been open for the longest", () => {
    const breakers = [
      { name: "b@new", openedAt: 2000 },
      { name: "a@new", openedAt: 1000 },
    ];
    expect(canaryOutage({ breakers, unreached: 0 }, 1e6)).toMatchObject({ breaker: "a@new" });
  });

  it("waits for five connections in a row", () => {
    expect(canaryOutage({ breakers: [], unreached: 4 }, 0)).toBeUndefined();
    expect(canaryOutage({ breakers: [], unreached: 5 }, 0)).toEqual({ kind: "unreachable", failures: 5 });
  });
});

describe("rollbackSentence()", () => {
  const sentences: Readonly<Record<RollbackReason["kind"], readonly [RollbackReason, string]>> = {
    errors: [
      { kind: "errors", calls: 12, failures: 9, tolerated: 0.0384 },
      "9 of 12 canary calls failed, where up to 3.8 % would be no worse than stable",
    ],
    "breaker-open": [
      { kind: "breaker-open", breaker: "a@new", ms: 61_400 },
      "the breaker a@new has not closed for 61 s",
    ],
    unreachable: [{ kind: "unreachable", failures: 5 }, "5 connections to the canary in a row failed"],
    slow: [{ kind: "slow", ratio: 1.3 }, "the canary's first tokens took 1.30 times stable's time"],
    dear: [{ kind: "dear", ratio: 1.4 }, "a canary call cost 1.40 times as much as at stable"],
    "state-lost": [
      { kind: "state-lost" },
      "the saved state of the canary cannot be read, and it may have been rolled back",
    ],
  };
  it("has one for every rule", () => {
    expect(Object.keys(sentences)).toEqual(rollbackRules);
  });
  for (const [reason, sentence] of Object.values(sentences)) {
    it(`says: ${sentence}`, () => {
      expect(rollbackSentence(reason)).toBe(sentence);
    });
  }
});
