import { describe, expect, it } from "vitest";
import type { FailureKind } from "../../src/routing/failure.ts";
import {
  longestRetryAfterMs,
  minUsefulMs,
  nextStep,
  reserveMs,
  type Step,
  type StepFacts,
} from "../../src/routing/next-step.ts";
import type { Plan } from "../../src/routing/plan.ts";
import {
  afterBrokenStream,
  afterFailure,
  afterRotation,
  afterSkip,
  afterStart,
  afterUnpaid,
  afterWait,
  type RunState,
  startRun,
} from "../../src/routing/run-state.ts";
import {
  blockedFor,
  candidatesFrom,
  sampleFailure,
  sampleModel,
  samplePlan,
  sampleStep,
  stepNow,
} from "../support/routing-samples.ts";

const [a, b, c] = candidatesFrom(sampleModel("acme/a"), sampleModel("acme/b"), sampleModel("acme/c"));
const [aId, bId, cId] = [a!.deployment.id, b!.deployment.id, c!.deployment.id];
const both = samplePlan([a!, b!]);
const alone = samplePlan([a!]);

/** The state after one attempt at each of these candidates, ended by that failure. */
function failed(plan: Plan, ...attempts: readonly (readonly [typeof a, FailureKind])[]): RunState {
  return attempts.reduce(
    (state, [candidate, kind]) =>
      afterFailure(plan, afterStart(state, candidate!), candidate!, sampleFailure(kind)),
    startRun(plan),
  );
}

/** A step in a word or two. */
function told(step: Step): string {
  switch (step.kind) {
    case "attempt":
      return `${step.repeated ? "again " : ""}${step.candidate.deployment.id}`;
    case "skip":
      return `skip ${step.candidate.deployment.id}: ${step.skip}`;
    case "wait":
      return `wait ${step.ms} for ${step.why}`;
    case "give-up":
      return `give up: ${step.why}`;
  }
}

const step = (plan: Plan, state: RunState, facts: Parameters<typeof sampleStep>[0] = {}): Step =>
  nextStep(plan, state, sampleStep(facts));

const does = (plan: Plan, state: RunState, facts: Parameters<typeof sampleStep>[0] = {}): string =>
  told(step(plan, state, facts));

/** The time that an attempt gets, and whether that is all there is. */
const budget = (plan: Plan, state: RunState, facts: Parameters<typeof sampleStep>[0] = {}): unknown => {
  const next = step(plan, state, facts);
  return next.kind === "attempt" ? [next.budgetMs, next.budgetIsDeadline] : told(next);
};

/** Why a run gives up, and when its caller is to come back. */
const why = (plan: Plan, state: RunState, facts: Parameters<typeof sampleStep>[0] = {}) => {
  const next = step(plan, state, facts);
  return next.kind === "give-up" ? [next.why, next.retryAfterMs] : told(next);
};

/** The state in which the one candidate failed in each of so many rounds, and the last is over. */
const spent = (rounds: number): RunState => {
  let state = failed(alone, [a, "server-error"]);
  for (let round = 0; round < rounds; round += 1) state = afterWait(state);
  return { ...state, ahead: [] };
};

/** A call just begun that may take so long. */
const within = (ms: number): Partial<StepFacts> => ({ allowanceMs: ms, deadline: stepNow + ms });
/** So long into a call of two seconds. */
const into = (ms: number): Partial<StepFacts> => ({
  allowanceMs: 2000,
  now: stepNow + ms,
  deadline: stepNow + 2000,
});
/** A long call with so much time left. */
const left = (ms: number): Partial<StepFacts> => ({ deadline: stepNow + ms });
/** The first candidate's upstream asked to be left alone for so long. */
const held = (ms: number) => ({ blocked: { [aId]: blockedFor(ms, "at-capacity") } });

describe("the next candidate", () => {
  it("is the first of the plan", () => {
    expect(does(both, startRun(both))).toBe(aId);
  });

  const movesOn: readonly FailureKind[] = [
    "rate-limited",
    "quota-exhausted",
    "unauthorized",
    "forbidden",
    "model-missing",
    "redirected",
    "overloaded",
    "server-error",
    "conflict",
    "unreachable",
    "connection-lost",
    "timeout",
    "bad-response",
    "context-too-long",
  ];
  it.each(movesOn)("is the next one at once after %s", (kind) => {
    expect(does(both, failed(both, [a, kind]))).toBe(bId);
  });

  const ends: readonly FailureKind[] = [
    "invalid-request",
    "request-too-large",
    "content-filtered",
    "stream-broken",
    "cancelled",
    "deadline-exceeded",
    "draining",
    "local",
  ];
  it.each(ends)("is nobody after %s", (kind) => {
    expect(does(both, failed(both, [a, kind]))).toBe("give up: final");
  });

  it("is passed over with its reason while it is not ready", () => {
    const blocked = { [aId]: blockedFor(5000, "keys-exhausted") };
    expect(does(both, startRun(both), { blocked })).toBe(`skip ${aId}: keys-exhausted`);
    expect(does(both, afterSkip(startRun(both), a!, "keys-exhausted"), { blocked })).toBe(bId);
  });

  it("is the first again after a wait, and then it is a repeated one", () => {
    expect(does(both, afterWait(failed(both, [a, "server-error"], [b, "server-error"])))).toBe(
      `again ${aId}`,
    );
  });

  it("is no repeated one where it was passed over before", () => {
    const state = afterFailure(
      both,
      afterStart(afterSkip(startRun(both), a!, "at-capacity"), b!),
      b!,
      sampleFailure("server-error"),
    );
    expect(does(both, afterWait(state))).toBe(aId);
  });

  it("is not one that is out for the call, not even after a wait", () => {
    expect(does(both, afterWait(failed(both, [a, "model-missing"], [b, "server-error"])))).toBe(
      `again ${bId}`,
    );
  });

  it("stays the same after a rotation, which says nothing of the deployment", () => {
    const state = afterRotation(startRun(both), sampleFailure("rate-limited"));
    expect(does(both, state)).toBe(aId);
  });

  it("is the same at once after a stale connection, and is not charged as repeated", () => {
    expect(does(both, failed(both, [a, "stale-connection"]))).toBe(aId);
  });

  it("is another after a second stale connection, wherever the first one was", () => {
    expect(does(both, failed(both, [a, "stale-connection"], [a, "stale-connection"]))).toBe(bId);
    expect(does(both, failed(both, [a, "stale-connection"], [a, "timeout"], [b, "stale-connection"]))).toBe(
      "wait 1000 for backoff",
    );
  });

  it("is another where the breaker opened before a stale connection could be tried again", () => {
    const state = failed(both, [a, "stale-connection"]);
    const blocked = { [aId]: blockedFor(5000) };
    expect(does(both, state, { blocked })).toBe(`skip ${aId}: breaker-open`);
    expect(does(both, afterSkip(state, a!, "breaker-open"), { blocked })).toBe(bId);
  });

  it("comes from a fallback list once a failure of its class has opened it", () => {
    const plan = samplePlan([a!], { fallbacks: { unavailable: [b!], rateLimited: [c!] } });
    expect(does(plan, failed(plan, [a, "server-error"]))).toBe(bId);
    expect(does(plan, failed(plan, [a, "rate-limited"]))).toBe(cId);
    expect(does(plan, failed(plan, [a, "server-error"], [b, "rate-limited"]))).toBe(cId);
  });

  it("comes from a fallback list once a skip of its class has opened it", () => {
    const plan = samplePlan([a!], { fallbacks: { unavailable: [b!], rateLimited: [c!] } });
    expect(does(plan, afterSkip(startRun(plan), a!, "breaker-open"))).toBe(bId);
    expect(does(plan, afterSkip(startRun(plan), a!, "keys-exhausted"))).toBe(cId);
  });

  it("may be another after a stream broke, where the caller allows a restart", () => {
    const state = afterBrokenStream(afterStart(startRun(both), a!), sampleFailure("stream-broken"));
    expect(does(both, state)).toBe(bId);
  });

  it("goes on after a content filter only where the caller asked for it", () => {
    const plan = samplePlan([a!, b!], { onContentFilter: true });
    expect(does(plan, failed(plan, [a, "content-filtered"]))).toBe(bId);
    expect(does(plan, failed(plan, [a, "content-filtered"], [b, "content-filtered"]))).toBe("give up: final");
  });
});

describe("a pinned deployment", () => {
  it("is tried again after backoff, with nobody else to go to", () => {
    const state = failed(alone, [a, "server-error"]);
    expect(does(alone, state)).toBe("wait 1000 for backoff");
    expect(does(alone, afterWait(state))).toBe(`again ${aId}`);
  });

  it("is given up where it cannot be ready within a minute", () => {
    const blocked = { [aId]: blockedFor(60_001, "keys-exhausted") };
    expect(step(alone, failed(alone, [a, "rate-limited"]), { blocked })).toMatchObject({
      why: "wait-too-long",
      retryAfterMs: 60_001,
    });
  });
});

describe("the time of an attempt", () => {
  it("is all that is left but the reserve where there is nobody else", () => {
    expect(budget(alone, startRun(alone))).toEqual([119_750, true]);
  });

  it("is three fifths while somebody else could be asked", () => {
    expect(budget(both, startRun(both))).toEqual([119_750 * 0.6, false]);
  });

  it("is all that is left once everybody else was tried in this round", () => {
    expect(budget(both, failed(both, [a, "server-error"]))).toEqual([119_750, true]);
  });

  it("is all that is left where everybody else is out", () => {
    const plan = samplePlan([b!, a!]);
    expect(budget(plan, afterWait(failed(plan, [b, "model-missing"])))).toEqual([119_750, true]);
  });

  it("is all that is left for the last attempt that is allowed", () => {
    expect(budget(both, startRun(both), { maxAttempts: 1 })).toEqual([119_750, true]);
  });

  it("counts a fallback list that a timeout would open as somebody else", () => {
    const plan = samplePlan([a!], { fallbacks: { unavailable: [b!] } });
    expect(budget(plan, startRun(plan))).toEqual([119_750 * 0.6, false]);
  });

  it("does not count a fallback that was tried as the target's own", () => {
    const plan = samplePlan([b!, a!], { fallbacks: { unavailable: [b!] } });
    expect(budget(plan, failed(plan, [b, "rate-limited"]))).toEqual([119_750, true]);
  });

  it("does not count fallback lists that a timeout does not open", () => {
    const plan = samplePlan([a!], { fallbacks: { rateLimited: [b!], contextTooLong: [c!] } });
    expect(budget(plan, startRun(plan))).toEqual([119_750, true]);
  });

  it("is not shared with somebody who cannot be called by then", () => {
    expect(budget(both, startRun(both), { blocked: { [bId]: blockedFor(71_851) } })).toEqual([119_750, true]);
    expect(budget(both, startRun(both), { blocked: { [bId]: blockedFor(71_849) } })).toEqual([71_850, false]);
    const unknown = { skip: "keys-quarantined", readyAt: Infinity } as const;
    expect(budget(both, startRun(both), { blocked: { [bId]: unknown } })).toEqual([119_750, true]);
  });

  it("is not split below one second, where a share tells a slow upstream from no dead one", () => {
    expect(budget(both, startRun(both), within(300))).toEqual([285, true]);
    expect(budget(both, startRun(both), within(2000))).toEqual([1140, false]);
  });

  it("is not split where the rest would be too short for anybody else", () => {
    // 20 s allowed, 2 s are the least that is useful; 4 s are left and two fifths of them are not enough.
    const facts = { allowanceMs: 20_000, deadline: stepNow + 4250 };
    const plan = samplePlan([c!, a!, b!]);
    expect(budget(plan, failed(plan, [c, "timeout"]), facts)).toEqual([4000, true]);
  });

  it("is never more than what is left, however late the first attempt starts", () => {
    const facts = { allowanceMs: 20_000, deadline: stepNow + 1750 };
    expect(budget(both, startRun(both), facts)).toEqual([1500, true]);
  });

  it("ends before the deadline by the reserve: 250 ms, or a twentieth of what was allowed", () => {
    expect([reserveMs(120_000), reserveMs(5000), reserveMs(300)]).toEqual([250, 250, 15]);
  });

  it("is worth a further attempt from 2 s on, or a tenth of what was allowed", () => {
    expect([minUsefulMs(120_000), minUsefulMs(20_000), minUsefulMs(300)]).toEqual([2000, 2000, 30]);
  });

  it("is too short for a further attempt 1.9 s into a deadline of 2 s", () => {
    const state = failed(both, [a, "server-error"]);
    expect(does(both, state, into(1900))).toBe("give up: no-time");
    expect(does(both, state, into(1700))).toBe("give up: no-time");
    expect(does(both, state, into(1699))).toBe(bId);
  });

  it("is enough for a first attempt while there is any", () => {
    expect(budget(both, startRun(both), left(251))).toEqual([1, true]);
    expect(does(both, startRun(both), left(250))).toBe("give up: no-time");
  });
});

describe("the wait between two rounds", () => {
  it("doubles with each round", () => {
    const waits = [0, 1, 2, 3].map((rounds) => does(alone, spent(rounds)));
    expect(waits).toEqual([1000, 2000, 4000, 8000].map((ms) => `wait ${ms} for backoff`));
  });

  it("is as long as the soonest candidate rests, and up to a fifth longer", () => {
    const state = failed(both, [a, "rate-limited"], [b, "rate-limited"]);
    const blocked = {
      [aId]: blockedFor(9000, "keys-exhausted"),
      [bId]: blockedFor(4000, "keys-exhausted"),
    };
    expect(does(both, state, { blocked })).toBe("wait 4000 for retry-after");
    expect(does(both, state, { blocked, random: () => 0.5 })).toBe("wait 4400 for retry-after");
  });

  it("is the backoff where that is longer than the rest that was asked for", () => {
    const blocked = { [aId]: blockedFor(900, "keys-exhausted") };
    expect(does(alone, failed(alone, [a, "rate-limited"]), { blocked })).toBe("wait 1000 for backoff");
  });

  it("does not heed the rest of a candidate that is out", () => {
    const state = failed(both, [a, "rate-limited"], [b, "model-missing"]);
    const blocked = { [aId]: blockedFor(5000, "keys-exhausted"), [bId]: blockedFor(0) };
    expect(does(both, state, { blocked })).toBe("wait 5000 for retry-after");
  });

  it("is the backoff where somebody was full: room comes whenever a call ends", () => {
    const state = afterSkip(failed(both, [a, "server-error"]), b!, "at-capacity");
    const blocked = { [aId]: blockedFor(8000), [bId]: blockedFor(0, "at-capacity") };
    expect(does(both, state, { blocked })).toBe("wait 1000 for backoff");
  });

  it("may be a minute and not longer: then it is the caller's to make", () => {
    const state = failed(alone, [a, "overloaded"]);
    expect(does(alone, state, held(60_000))).toBe("wait 60000 for retry-after");
    expect(step(alone, state, held(60_001))).toEqual({
      kind: "give-up",
      why: "wait-too-long",
      retryAfterMs: 60_001,
    });
  });

  it("is not begun where the deadline cannot hold it and an attempt behind it", () => {
    const state = failed(alone, [a, "server-error"]);
    // 1000 to wait, 2000 to be useful, 250 in reserve.
    expect(does(alone, state, left(3251))).toBe("wait 1000 for backoff");
    expect(step(alone, state, left(3250))).toEqual({ kind: "give-up", why: "no-time", retryAfterMs: 1000 });
  });

  it("is always followed by an attempt if the candidate is ready: no wait is for nothing", () => {
    for (const ms of [3250.000_001, 3251, 3300]) {
      const deadline = stepNow + ms;
      const state = failed(alone, [a, "server-error"]);
      const wait = step(alone, state, { deadline });
      if (wait.kind !== "wait") continue;
      expect(does(alone, afterWait(state), { deadline, now: stepNow + wait.ms })).toBe(`again ${aId}`);
    }
  });

  it("is not begun while the gateway drains", () => {
    expect(does(alone, failed(alone, [a, "server-error"]), { draining: true })).toBe("give up: draining");
  });
});

describe("giving up", () => {
  it("says that attempts are spent, and when the soonest candidate is back", () => {
    const state = failed(both, [a, "server-error"], [b, "server-error"]);
    const blocked = { [aId]: blockedFor(7000), [bId]: blockedFor(3000) };
    expect(why(both, state, { maxAttempts: 2, blocked })).toEqual(["attempts-spent", 3000]);
  });

  it("does not name the time of a candidate that is out while others are left", () => {
    const state = failed(both, [a, "server-error"], [b, "model-missing"]);
    const blocked = { [aId]: blockedFor(7000), [bId]: blockedFor(3000) };
    expect(why(both, state, { maxAttempts: 2, blocked })).toEqual(["attempts-spent", 7000]);
  });

  it("says so in the middle of a round too", () => {
    expect(why(both, failed(both, [a, "timeout"]), { maxAttempts: 1 })).toEqual(["attempts-spent", 1000]);
  });

  it("does not count rotations as attempts", () => {
    let state = startRun(alone);
    for (let keys = 0; keys < 3; keys += 1) state = afterRotation(state, sampleFailure("rate-limited"));
    expect(does(alone, state, { maxAttempts: 1 })).toBe(aId);
  });

  it("counts the attempt that a stale connection earned", () => {
    expect(does(alone, failed(alone, [a, "stale-connection"]), { maxAttempts: 1 })).toBe(
      "give up: attempts-spent",
    );
  });

  it("goes on to whoever is left where a repeated attempt cannot be paid, and then has no further round", () => {
    const state = afterUnpaid(afterWait(failed(both, [a, "timeout"])), a!);
    expect(does(both, state)).toBe(bId);
    const after = afterFailure(both, afterStart(state, b!), b!, sampleFailure("timeout"));
    expect(why(both, after, { blocked: { [aId]: blockedFor(3000) } })).toEqual(["retry-budget", 1000]);
  });

  it("says at once that nobody is ready where nobody was called, with the soonest probe", () => {
    const state = afterSkip(afterSkip(startRun(both), a!, "breaker-open"), b!, "breaker-open");
    const blocked = { [aId]: blockedFor(20_000), [bId]: blockedFor(10_000) };
    expect(why(both, state, { blocked })).toEqual(["none-ready", 10_000]);
    expect(why(both, state, { blocked, random: () => 0.5 })).toEqual(["none-ready", 11_000]);
  });

  it("names no time where there is nobody to wait for", () => {
    const nobody = samplePlan([]);
    expect(why(nobody, startRun(nobody))).toEqual(["none-ready", undefined]);
  });

  it("says that candidates are spent where all are out, and when a new call could find one", () => {
    const state = failed(both, [a, "model-missing"], [b, "unauthorized"]);
    const blocked = { [aId]: blockedFor(300_000), [bId]: blockedFor(40_000, "keys-quarantined") };
    expect(why(both, state, { blocked })).toEqual(["candidates-spent", 40_000]);
  });

  it("never names more than 144 s, and spreads callers there too", () => {
    const state = afterSkip(startRun(alone), a!, "keys-quarantined");
    const never = { [aId]: { skip: "keys-quarantined", readyAt: Infinity } as const };
    expect(why(alone, state, { blocked: never })).toEqual(["none-ready", 120_000]);
    expect(why(alone, state, { blocked: never, random: () => 0.999_999 })[1]).toBeLessThanOrEqual(
      longestRetryAfterMs,
    );
    const tried = failed(alone, [a, "quota-exhausted"]);
    expect(why(alone, tried, { blocked: never })).toEqual(["wait-too-long", 120_000]);
  });

  it("asks callers to come back no sooner than one backoff, even if somebody is ready", () => {
    expect(why(both, failed(both, [a, "timeout"]), { maxAttempts: 1, random: () => 0.5 })).toEqual([
      "attempts-spent",
      1100,
    ]);
  });

  it("names a time after this machine's own shortage", () => {
    expect(why(both, failed(both, [a, "local"]))).toEqual(["final", 1000]);
  });

  it("names no time beyond 144 s where the configured backoff is longer", () => {
    const backoff = { baseMs: 200_000, capMs: 200_000, jitter: "none" } as const;
    const state = failed(alone, [a, "server-error"]);
    expect(why(alone, state, { backoff })).toEqual(["no-time", longestRetryAfterMs]);
    expect(why(alone, state, { backoff, maxAttempts: 1 })).toEqual(["attempts-spent", 120_000]);
  });

  it("starts no attempt while the gateway drains", () => {
    expect(does(both, startRun(both), { draining: true })).toBe("give up: draining");
  });

  it("tells a caller its own fault even while the gateway drains: another replica would say the same", () => {
    expect(does(both, failed(both, [a, "invalid-request"]), { draining: true })).toBe("give up: final");
  });

  it("says context-too-long for good where no larger window is left, whatever failed before", () => {
    const [small, large] = candidatesFrom(
      sampleModel("acme/small", ["one"], { contextWindowTokens: 1000 }),
      sampleModel("acme/large", ["one"], { contextWindowTokens: 2000 }),
    );
    const plan = samplePlan([small!, large!]);
    expect(does(plan, failed(plan, [small, "server-error"], [large, "context-too-long"]))).toBe(
      "give up: final",
    );
  });
});

describe("a long chain", () => {
  it("asks the fleet of each candidate a bounded number of times", () => {
    const many = candidatesFrom(
      ...Array.from({ length: 200 }, (_, index) => sampleModel(`acme/m${index}`, ["one", "two", "three"])),
    );
    const plan = samplePlan(many.slice(0, 300), { fallbacks: { unavailable: many.slice(300) } });
    let asked = 0;
    const readiness: StepFacts["readiness"] = () => {
      asked += 1;
      return { skip: "breaker-open", readyAt: stepNow + 9000 };
    };
    let state = startRun(plan);
    let next = step(plan, state, { readiness });
    for (; next.kind === "skip"; next = step(plan, state, { readiness })) {
      state = afterSkip(state, next.candidate, next.skip);
    }
    expect(told(next)).toBe("give up: none-ready");
    expect(asked).toBe(2 * many.length);
  });
});
