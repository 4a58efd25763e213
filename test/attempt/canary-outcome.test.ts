import { describe, expect, it } from "vitest";
import { armCall } from "../../src/attempt/arm-call.ts";
import { type ArmOutcome, armOutcome } from "../../src/attempt/canary-outcome.ts";
import { failureRules } from "../../src/routing/failure-rules.ts";
import type { FailureKind } from "../../src/routing/failure.ts";
import { endedCall, type EndedCallOptions, type Happening, keyOf } from "../support/canary-calls.ts";

const onCanary: EndedCallOptions = { facts: { affinityKey: keyOf("canary") } };
const onStable: EndedCallOptions = { facts: { affinityKey: keyOf("stable") } };
const own = "acme/a@new";
const other = "acme/a@old";

function outcomeOf(happenings: readonly Happening[], options: EndedCallOptions = onCanary): ArmOutcome {
  const { call, end } = endedCall(happenings, options);
  return armOutcome(call, end);
}

describe("a call of the canary arm", () => {
  it("is served where the canary answers, at once or after a retry", () => {
    expect(outcomeOf([{ at: own, serves: true }])).toBe("served");
    expect(
      outcomeOf([
        { at: own, fails: "server-error" },
        { at: own, serves: true },
      ]),
    ).toBe("served");
  });

  it("is failed where stable has to rescue it", () => {
    expect(
      outcomeOf([
        { at: own, fails: "server-error" },
        { at: other, serves: true },
      ]),
    ).toBe("failed");
  });

  it("is failed where it was sent past an open breaker", () => {
    expect(
      outcomeOf([
        { at: own, skipped: true },
        { at: other, serves: true },
      ]),
    ).toBe("failed");
    expect(outcomeOf([{ at: own, skipped: true }])).toBe("failed");
  });

  it("is failed where another deployment won a hedge against it, recorded or not", () => {
    expect(
      outcomeOf([
        { at: own, fails: "cancelled", outcome: "hedge-lost" },
        { at: other, serves: true },
      ]),
    ).toBe("failed");
    expect(outcomeOf([{ at: other, serves: true }])).toBe("failed");
  });

  it("is failed where its stream breaks after content", () => {
    expect(outcomeOf([{ at: own, fails: "stream-broken" }])).toBe("failed");
  });

  it("stays failed where the caller leaves while stable rescues it", () => {
    expect(
      outcomeOf([
        { at: own, fails: "timeout", outcome: "timed-out" },
        { at: other, fails: "cancelled", outcome: "cancelled" },
      ]),
    ).toBe("failed");
  });

  it("says nothing where the caller leaves, or leaves before anything was tried", () => {
    expect(outcomeOf([{ at: own, fails: "cancelled", outcome: "cancelled" }])).toBe("unsaid");
    expect(outcomeOf([])).toBe("unsaid");
  });

  it("says nothing where the caller's own deadline is spent, and fails where ours is", () => {
    const spent: Happening = { at: own, fails: "deadline-exceeded", outcome: "timed-out" };
    expect(outcomeOf([spent], { ...onCanary, limits: { deadlineFromCaller: true } })).toBe("unsaid");
    expect(outcomeOf([spent])).toBe("failed");
  });

  it("says nothing where it was refused for what it asks, whoever answers it then", () => {
    expect(outcomeOf([{ at: own, fails: "invalid-request" }])).toBe("unsaid");
    expect(
      outcomeOf([
        { at: own, fails: "context-too-long" },
        { at: "acme/c@old", serves: true },
      ]),
    ).toBe("unsaid");
  });
});

describe("a failure of each kind", () => {
  const unsaid: ReadonlySet<FailureKind> = new Set([
    "invalid-request",
    "request-too-large",
    "context-too-long",
    "content-filtered",
    "cancelled",
    "draining",
    "local",
  ]);
  // Every kind there is: the table of rules has a row for each.
  for (const kind of Object.keys(failureRules) as FailureKind[]) {
    const expected = unsaid.has(kind) ? "unsaid" : "failed";
    it(`is ${expected} at either arm: ${kind}`, () => {
      expect(outcomeOf([{ at: own, fails: kind }])).toBe(expected);
      expect(outcomeOf([{ at: other, fails: kind }], onStable)).toBe(expected);
    });
  }
});

describe("a call of the stable arm", () => {
  it("is held to the same: rescued by another model is failed", () => {
    expect(outcomeOf([{ at: other, serves: true }], onStable)).toBe("served");
    expect(
      outcomeOf(
        [
          { at: other, fails: "overloaded" },
          { at: "acme/c@old", serves: true },
        ],
        onStable,
      ),
    ).toBe("failed");
  });
});

const said = (happenings: readonly Happening[], options: EndedCallOptions = onCanary) => {
  const { call, end } = endedCall(happenings, options);
  return armCall(call, end, 350);
};

describe("what a call says about its arm", () => {
  it("tells calls apart by tier, model and way to answer", () => {
    const facts = { affinityKey: keyOf("canary"), target: { kind: "tier", tier: "standard" } } as const;
    expect(said([{ at: "acme/b@new", serves: true }], { facts, stream: true })?.kind).toBe(
      "standard acme/b stream",
    );
    expect(said([{ at: own, serves: true }])?.kind).toBe("none acme/a unary");
  });

  it("tells a rescue from a loss", () => {
    expect(said([{ at: own, serves: true }])?.outcome).toBe("served");
    expect(
      said([
        { at: own, skipped: true },
        { at: other, serves: true },
      ])?.outcome,
    ).toBe("rescued");
    expect(said([{ at: own, fails: "server-error" }])?.outcome).toBe("lost");
    expect(said([{ at: own, fails: "invalid-request" }])).toBeUndefined();
  });

  it("has first-token times of its own deployment alone", () => {
    expect(said([{ at: own, serves: true, firstTokenMs: 120 }])?.firstTokenMs).toBe(120);
    expect(
      said([
        { at: own, fails: "timeout" },
        { at: other, serves: true, firstTokenMs: 90 },
      ])?.firstTokenMs,
    ).toBeUndefined();
  });

  it("has the cost of all its attempts where it was answered, and its time from the start", () => {
    const call = said([{ at: own, serves: true, nanos: 700n }], { ...onCanary, startedAt: 100 });
    expect(call).toMatchObject({ costNanos: 700, latencyMs: 250 });
    expect(said([{ at: own, fails: "server-error" }])?.costNanos).toBeUndefined();
  });
});
