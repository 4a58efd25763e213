import { describe, expect, it } from "vitest";
import { type CallFailure, callFailure } from "../../src/routing/call-failure.ts";
import type { FailureKind } from "../../src/routing/failure.ts";
import { longestRetryAfterMs } from "../../src/routing/next-step.ts";
import { type RunState, startRun } from "../../src/routing/run-state.ts";
import type { SkipReason } from "../../src/routing/skip-reason.ts";
import { sampleFailure, samplePlan } from "../support/routing-samples.ts";

type Reason = Parameters<typeof callFailure>[1];

const exhausted: readonly Reason[] = [
  "attempts-spent",
  "candidates-spent",
  "wait-too-long",
  "no-time",
  "retry-budget",
];

function after(
  kinds: readonly FailureKind[],
  skips: readonly SkipReason[] = [],
  fields: Partial<RunState> = {},
): RunState {
  return {
    ...startRun(samplePlan([])),
    attempts: kinds.length,
    failures: kinds.map((kind) => sampleFailure(kind)),
    skips,
    ...fields,
  };
}

const kindOf = (state: RunState, why: Reason): CallFailure["kind"] => callFailure(state, why, 500).kind;

describe("what a call that failed is told to have failed by", () => {
  const cases: readonly {
    readonly name: string;
    readonly kinds: readonly FailureKind[];
    readonly told: string;
  }[] = [
    { name: "the class of its one attempt", kinds: ["timeout"], told: "timeout" },
    {
      name: "the class of its attempts where all failed alike",
      kinds: ["rate-limited", "rate-limited"],
      told: "rate-limited",
    },
    {
      name: "that none is available where attempts failed differently",
      kinds: ["rate-limited", "server-error"],
      told: "none-available",
    },
    {
      name: "one class for the ways in which our keys are refused",
      kinds: ["unauthorized", "forbidden"],
      told: "forbidden",
    },
    {
      name: "one class for what is no answer",
      kinds: ["redirected", "bad-response", "model-missing"],
      told: "model-missing",
    },
    {
      name: "one class for connections that break",
      kinds: ["unreachable", "stale-connection", "connection-lost"],
      told: "connection-lost",
    },
    {
      name: "none available where a quota is spent and another key is too fast",
      kinds: ["quota-exhausted", "rate-limited"],
      told: "none-available",
    },
    {
      name: "none available where one overloaded upstream has a broken neighbour",
      kinds: ["overloaded", "server-error"],
      told: "none-available",
    },
  ];
  for (const { name, kinds, told } of cases) {
    it(`is ${name}`, () => {
      for (const why of exhausted) expect(kindOf(after(kinds), why)).toBe(told);
    });
  }

  it("is the last failure alone where that fails everywhere, whatever came before", () => {
    expect(kindOf(after(["server-error", "invalid-request"]), "final")).toBe("invalid-request");
    expect(kindOf(after(["timeout", "deadline-exceeded"]), "final")).toBe("deadline-exceeded");
  });

  it("is the gateway's drain, whatever had failed before it", () => {
    expect(kindOf(after([]), "draining")).toBe("draining");
    expect(kindOf(after(["server-error"]), "draining")).toBe("draining");
  });

  it("is the rate limit where nobody was called because every candidate's keys cool down", () => {
    expect(kindOf(after([], ["keys-exhausted", "keys-exhausted"]), "none-ready")).toBe("rate-limited");
    expect(kindOf(after([], ["keys-exhausted", "breaker-open"]), "none-ready")).toBe("none-available");
    expect(kindOf(after([], ["breaker-open"]), "none-ready")).toBe("none-available");
    expect(kindOf(after([]), "none-ready")).toBe("none-available");
  });

  it("does not count who was passed over beside those that were called", () => {
    expect(kindOf(after(["rate-limited"], ["breaker-open"]), "attempts-spent")).toBe("rate-limited");
  });

  it("is the deadline where it was spent before anybody could be called", () => {
    const failure = callFailure(after([], ["breaker-open"]), "no-time", 500);
    expect(failure).toMatchObject({ kind: "deadline-exceeded", retryAfterMs: undefined });
  });

  it("is stood for by its last attempt", () => {
    const state = after(["timeout", "overloaded"]);
    expect(callFailure(state, "attempts-spent", 1).failure).toBe(state.failures[1]);
    expect(callFailure(after([], ["breaker-open"]), "none-ready", 1).failure).toBeUndefined();
  });
});

describe("when a caller is told to come back", () => {
  const waits: readonly FailureKind[] = [
    "rate-limited",
    "quota-exhausted",
    "overloaded",
    "server-error",
    "conflict",
    "unreachable",
    "connection-lost",
    "stale-connection",
    "timeout",
    "bad-response",
    "stream-broken",
  ];
  it.each(waits)("is once the soonest candidate is back after %s", (kind) => {
    for (const why of exhausted) expect(callFailure(after([kind]), why, 4321).retryAfterMs).toBe(4321);
  });

  const never: readonly FailureKind[] = [
    "unauthorized",
    "forbidden",
    "model-missing",
    "redirected",
    "context-too-long",
    "content-filtered",
  ];
  it.each(never)("is never after %s alone: waiting cannot help", (kind) => {
    for (const why of exhausted) expect(callFailure(after([kind]), why, 4321).retryAfterMs).toBeUndefined();
  });

  it("is told where any of the attempts failed by what passes", () => {
    expect(callFailure(after(["timeout", "unauthorized"]), "candidates-spent", 700).retryAfterMs).toBe(700);
  });

  const final: readonly (readonly [FailureKind, number | undefined])[] = [
    ["invalid-request", undefined],
    ["request-too-large", undefined],
    ["context-too-long", undefined],
    ["content-filtered", undefined],
    ["cancelled", undefined],
    ["deadline-exceeded", undefined],
    ["draining", 700],
    ["local", 700],
  ];
  it.each(final)("follows the last failure alone where that is final: %s", (kind, told) => {
    expect(callFailure(after(["timeout", kind]), "final", 700).retryAfterMs).toBe(told);
  });

  it("is the soonest candidate where nobody could be called, and never where there is none", () => {
    expect(callFailure(after([], ["breaker-open"]), "none-ready", 9000).retryAfterMs).toBe(9000);
    expect(callFailure(after([]), "none-ready", undefined).retryAfterMs).toBeUndefined();
  });

  it("is what the upstream said where nobody knows better, and a second where it said nothing", () => {
    const said = { failures: [sampleFailure("overloaded", { retryAfterMs: 3000 })] };
    expect(callFailure(after([], [], said), "retry-budget", undefined).retryAfterMs).toBe(3000);
    expect(callFailure(after(["overloaded"]), "retry-budget", undefined).retryAfterMs).toBe(1000);
    expect(callFailure(after([]), "draining", undefined).retryAfterMs).toBe(1000);
  });

  it("is never more than 144 s away, nor in the past", () => {
    const toldAfter = [3_600_000, -5].map((retryAfterMs) => {
      const failures = [sampleFailure("local", { retryAfterMs })];
      return callFailure(after([], [], { failures }), "final", undefined).retryAfterMs;
    });
    expect(toldAfter).toEqual([longestRetryAfterMs, 0]);
  });
});

describe("whether clients may repeat a call", () => {
  it("they may not once a further attempt was made, or refused for its budget", () => {
    expect(callFailure(after(["timeout", "timeout"]), "attempts-spent", 1).retriesSpent).toBe(true);
    expect(callFailure(after(["timeout"]), "retry-budget", 1).retriesSpent).toBe(true);
  });

  it("they may where one attempt or none was made", () => {
    expect(callFailure(after(["timeout"]), "attempts-spent", 1).retriesSpent).toBe(false);
    expect(callFailure(after([], ["breaker-open"]), "none-ready", 1).retriesSpent).toBe(false);
  });
});

it("no content was sent by a run that gives up: whoever sent some says so", () => {
  expect(callFailure(after(["timeout"]), "attempts-spent", 1).contentSent).toBe(false);
});
