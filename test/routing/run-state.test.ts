import { describe, expect, it } from "vitest";
import type { Candidate, FallbackClass } from "../../src/routing/catalog.ts";
import type { FailureKind } from "../../src/routing/failure.ts";
import type { Plan } from "../../src/routing/plan.ts";
import {
  afterBrokenStream,
  afterFailure,
  afterRotation,
  afterSkip,
  afterStart,
  afterWait,
  type RunState,
  startRun,
} from "../../src/routing/run-state.ts";
import type { SkipReason } from "../../src/routing/skip-reason.ts";
import { candidatesFrom, sampleFailure, sampleModel, samplePlan } from "../support/routing-samples.ts";

const [a, b, limited, spare, large] = candidatesFrom(
  ...["a", "b", "limited", "spare", "large"].map((name) => sampleModel(`acme/${name}`)),
) as [Candidate, Candidate, Candidate, Candidate, Candidate];

const plan = samplePlan([a, b], {
  fallbacks: { rateLimited: [limited], unavailable: [spare, b], contextTooLong: [large] },
});

function fail(state: RunState, candidate: Candidate, kind: FailureKind, of: Plan = plan): RunState {
  return afterFailure(of, afterStart(state, candidate), candidate, sampleFailure(kind));
}

const namesOf = (candidates: readonly Candidate[]): readonly string[] =>
  candidates.map(({ model }) => model.id.replace("acme/", ""));

/** The plan, with everything ruled out for this. */
const excluded = (skip: SkipReason): Plan => ({ ...plan, candidates: [], excluded: [{ ...a, skip }] });

/** Models with these windows, each at two upstreams. */
const windows = (...sizes: readonly (number | undefined)[]): readonly Candidate[] =>
  candidatesFrom(
    ...sizes.map((contextWindowTokens, index) =>
      sampleModel(`acme/w${index}`, ["one", "two"], { contextWindowTokens }),
    ),
  );

describe("the start of a run", () => {
  it("has tried nobody and opened no list", () => {
    expect(startRun(plan)).toMatchObject({ attempts: 0, round: 0, opened: [], failures: [], final: false });
    expect(startRun(plan).candidates).toBe(plan.candidates);
  });

  it("counts a window that was too small as its class: the larger ones stand in", () => {
    expect(namesOf(startRun(excluded("context-too-long")).candidates)).toEqual(["large"]);
  });

  it("opens nothing for what no list can mend", () => {
    expect(startRun(excluded("capability")).opened).toEqual([]);
    expect(startRun(excluded("over-budget")).opened).toEqual([]);
  });

  it("counts a target without any deployment as unavailable", () => {
    const nowhere = { ...plan, candidates: [] };
    expect(namesOf(startRun(nowhere).candidates)).toEqual(["spare", "b"]);
  });
});

describe("the fallback lists", () => {
  const failures: readonly (readonly [FailureKind, FallbackClass | undefined])[] = [
    ["rate-limited", "rateLimited"],
    ["quota-exhausted", "rateLimited"],
    ["context-too-long", "contextTooLong"],
    ["unauthorized", "unavailable"],
    ["forbidden", "unavailable"],
    ["model-missing", "unavailable"],
    ["redirected", "unavailable"],
    ["overloaded", "unavailable"],
    ["server-error", "unavailable"],
    ["conflict", "unavailable"],
    ["unreachable", "unavailable"],
    ["connection-lost", "unavailable"],
    ["timeout", "unavailable"],
    ["bad-response", "unavailable"],
    ["invalid-request", undefined],
    ["request-too-large", undefined],
    ["content-filtered", undefined],
    ["stream-broken", undefined],
    ["cancelled", undefined],
    ["deadline-exceeded", undefined],
    ["draining", undefined],
    ["local", undefined],
  ];
  it.each(failures)("open by class: %s opens %s", (kind, list) => {
    expect(fail(startRun(plan), a, kind).opened).toEqual(list === undefined ? [] : [list]);
  });

  it("open once each, in the order of what went wrong, behind the target's own", () => {
    let state = fail(startRun(plan), a, "rate-limited");
    state = afterSkip(state, b, "breaker-open");
    state = fail(state, limited, "rate-limited");
    state = fail(state, spare, "timeout");
    expect(state.opened).toEqual(["rateLimited", "unavailable"]);
    expect(namesOf(state.candidates)).toEqual(["a", "b", "limited", "spare"]);
  });

  it("open by a skip too, and not by one that says nothing of a class", () => {
    expect(afterSkip(startRun(plan), a, "keys-exhausted").opened).toEqual(["rateLimited"]);
    expect(afterSkip(startRun(plan), a, "draining").opened).toEqual([]);
  });

  it("open for a stream that broke only where it may start over", () => {
    expect(afterBrokenStream(startRun(plan), sampleFailure("stream-broken"))).toMatchObject({
      opened: ["unavailable"],
      final: false,
    });
    expect(fail(startRun(plan), a, "stream-broken")).toMatchObject({ opened: [], final: true });
  });

  it("open for a content filter only where the caller asked for it", () => {
    const rerouted = { ...plan, onContentFilter: true };
    const state = fail(startRun(rerouted), a, "content-filtered", rerouted);
    expect(state).toMatchObject({ opened: ["unavailable"], final: false });
    expect([...state.out]).toEqual([a.deployment.id]);
    expect(fail(startRun(plan), a, "content-filtered").final).toBe(true);
  });

  it("do not open for the first stale connection of a call, which is no failure of anybody's", () => {
    const once = fail(startRun(plan), a, "stale-connection");
    expect(once).toMatchObject({ opened: [], sameNow: a, sameNowTaken: true });
    expect(fail(once, a, "stale-connection")).toMatchObject({ opened: ["unavailable"], sameNow: undefined });
  });
});

describe("who is out for the rest of a call", () => {
  it.each<FailureKind>(["unauthorized", "forbidden", "model-missing", "redirected"])(
    "is a deployment that nothing within a call can mend: %s",
    (kind) => expect([...fail(startRun(plan), a, kind).out]).toEqual([a.deployment.id]),
  );

  it.each<FailureKind>(["rate-limited", "overloaded", "timeout", "bad-response", "unreachable"])(
    "is nobody who may be back after a wait: %s",
    (kind) => expect([...fail(startRun(plan), a, kind).out]).toEqual([]),
  );

  it("is every deployment whose window is not larger than the one that was too small", () => {
    const candidates = windows(1000, 999, 1000, 1001, undefined);
    const all = samplePlan(candidates);
    const state = fail(startRun(all), candidates[0]!, "context-too-long", all);
    const left = candidates.filter(({ deployment }) => !state.out.has(deployment.id));
    expect(namesOf(left)).toEqual(["w3", "w3", "w4", "w4"]);
    expect(state.final).toBe(false);
  });

  it("is that model alone where its window is not declared", () => {
    const candidates = windows(undefined, 10, undefined);
    const all = samplePlan(candidates);
    const state = fail(startRun(all), candidates[0]!, "context-too-long", all);
    const left = candidates.filter(({ deployment }) => !state.out.has(deployment.id));
    expect(namesOf(left)).toEqual(["w1", "w1", "w2", "w2"]);
  });

  it("is a smaller window of a list that only opens later", () => {
    const [own, bigger, smaller] = [windows(1000), windows(0, 2000).slice(2), windows(0, 0, 500).slice(4)];
    const listed = samplePlan(own, { fallbacks: { contextTooLong: bigger, unavailable: smaller } });
    const tooLong = fail(startRun(listed), own[0]!, "context-too-long", listed);
    const state = fail(tooLong, bigger[0]!, "server-error", listed);
    const left = state.candidates.filter(({ deployment }) => !state.out.has(deployment.id));
    expect(namesOf(left)).toEqual(["w1", "w1"]);
  });
});

describe("the end of a run", () => {
  it("is a request that everybody refuses, whatever had failed before", () => {
    const rerouted = samplePlan([a, b], { onContentFilter: true });
    const first = fail(startRun(rerouted), a, "content-filtered", rerouted);
    expect(first.final).toBe(false);
    expect(fail(first, b, "content-filtered", rerouted).final).toBe(true);
    const mixed = fail(startRun(rerouted), a, "context-too-long", rerouted);
    expect(fail(mixed, b, "content-filtered", rerouted).final).toBe(true);
  });

  it("is not a refusal while somebody is left who might take the request", () => {
    const rerouted = samplePlan([a, b], { onContentFilter: true });
    expect(
      fail(fail(startRun(rerouted), a, "timeout", rerouted), b, "content-filtered", rerouted).final,
    ).toBe(false);
    expect(fail(fail(startRun(rerouted), a, "unauthorized"), b, "context-too-long", rerouted).final).toBe(
      false,
    );
  });
});

describe("what a run remembers", () => {
  it("counts attempts as they start, and rotations not at all", () => {
    const state = afterRotation(afterStart(startRun(plan), a), sampleFailure("rate-limited"));
    expect(state.attempts).toBe(1);
    expect(state.failures.map(({ kind }) => kind)).toEqual(["rate-limited"]);
    expect(state.opened).toEqual([]);
  });

  it("forgets at the end of a round who was tried, and never who was called or is out", () => {
    const spent = afterSkip(fail(startRun(plan), a, "model-missing"), b, "breaker-open");
    const state = afterWait(spent);
    expect(namesOf(spent.ahead)).toEqual(["spare"]);
    expect([state.round, namesOf(state.ahead)]).toEqual([1, ["a", "b", "spare"]]);
    expect([...state.called]).toEqual([a.deployment.id]);
    expect([...state.out]).toEqual([a.deployment.id]);
  });

  it("keeps skips and failures in order", () => {
    const state = fail(
      afterSkip(afterSkip(startRun(plan), a, "breaker-open"), b, "at-capacity"),
      spare,
      "timeout",
    );
    expect(state.skips).toEqual(["breaker-open", "at-capacity"]);
    expect(state.failures.map(({ kind }) => kind)).toEqual(["timeout"]);
  });

  it("never changes a state that it was given", () => {
    const first = Object.freeze(startRun(plan));
    const copies = { out: [...first.out], called: [...first.called] };
    fail(first, a, "model-missing");
    afterSkip(first, a, "breaker-open");
    afterWait(first);
    afterBrokenStream(first, sampleFailure("stream-broken"));
    expect({ out: [...first.out], called: [...first.called] }).toEqual(copies);
    expect(namesOf(first.ahead)).toEqual(["a", "b"]);
    expect([first.failures, first.skips, first.opened]).toEqual([[], [], []]);
  });
});
