import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { nominalBackoffMs } from "../../src/routing/backoff.ts";
import type { CallFacts } from "../../src/routing/call-facts.ts";
import { takesPart } from "../../src/routing/canary-arm.ts";
import type { Catalog } from "../../src/routing/catalog.ts";
import { hardSkip } from "../../src/routing/eligible.ts";
import { errorReasonOf } from "../../src/routing/error-reason.ts";
import type { FailureKind } from "../../src/routing/failure.ts";
import { longestRetryAfterMs, minUsefulMs, reserveMs } from "../../src/routing/next-step.ts";
import type { Plan } from "../../src/routing/plan.ts";
import { planRoute } from "../../src/routing/plan-route.ts";
import {
  arbitraryBlock,
  arbitraryRetryAfter,
  arbitraryRun,
  ending,
  lasting,
  passing,
  refusing,
  type RoutedRun,
} from "../support/arbitrary-run.ts";
import {
  driveRun,
  type RunEvent,
  type RunTrace,
  type ScriptedDeployment,
  type ScriptedOutcome,
} from "../support/drive-run.ts";
import { sampleCatalog, sampleFacts, sampleModel } from "../support/routing-samples.ts";

const numRuns = 5000;
const seed = Math.trunc(Math.random() * 2 ** 31);

/** Sums of instants and durations differ by less. */
const rounding = 1e-6;

type AttemptEvent = Extract<RunEvent, { kind: "attempt" }>;
type WaitEvent = Extract<RunEvent, { kind: "wait" }>;

const attemptsOf = (trace: RunTrace): readonly AttemptEvent[] =>
  trace.events.filter((event) => event.kind === "attempt");

const waitsOf = (trace: RunTrace): readonly WaitEvent[] =>
  trace.events.filter((event) => event.kind === "wait");

const idOf = ({ step }: AttemptEvent): string => step.candidate.deployment.id;

const runs: { readonly run: RoutedRun; readonly trace: RunTrace }[] = [];

/** Holds a law against every run. */
function always(law: (trace: RunTrace, run: RoutedRun) => void): void {
  try {
    for (const { run, trace } of runs) law(trace, run);
  } catch (error) {
    // Once more from the same seed by fast-check, which makes the run small and prints how to repeat it.
    fc.assert(
      fc.property(arbitraryRun, (run) => law(driveRun(run.script), run)),
      { numRuns, seed },
    );
    throw error;
  }
}

beforeAll(() => {
  const keep = fc.property(arbitraryRun, (run) => {
    runs.push({ run, trace: driveRun(run.script) });
  });
  fc.assert(keep, { numRuns, seed });
});

/** The plan of a call that has one. */
function planOf(catalog: Catalog, facts: CallFacts): Plan {
  const result = planRoute(catalog, facts);
  if (result.kind === "rejected") throw new Error(result.rejection.kind);
  return result.plan;
}

describe("a run of any plan", () => {
  it("makes no more attempts than are allowed, rotations aside (invariant 1)", () => {
    always((trace, { script }) => {
      expect(attemptsOf(trace).length).toBeLessThanOrEqual(script.maxAttempts);
      expect(trace.state.attempts).toBe(attemptsOf(trace).length);
    });
  });

  it("starts nothing that the deadline cannot hold, and nothing once the gateway drains (invariant 3)", () => {
    always((trace, { script }) => {
      const usableUntil = trace.deadline - reserveMs(script.allowanceMs);
      const drainsAt = trace.start + (script.drainAfterMs ?? Infinity);
      for (const [index, { at, step }] of attemptsOf(trace).entries()) {
        const needMs = index === 0 ? 0 : minUsefulMs(script.allowanceMs);
        expect(at).toBeLessThan(usableUntil - needMs + rounding);
        expect(at + step.budgetMs).toBeLessThanOrEqual(usableUntil + rounding);
        expect(step.budgetMs).toBeGreaterThan(0);
        expect(at).toBeLessThan(drainsAt);
      }
      for (const { at, step } of waitsOf(trace)) {
        expect(at).toBeLessThan(drainsAt);
        expect(at + step.ms).toBeLessThan(usableUntil - minUsefulMs(script.allowanceMs) + rounding);
      }
      const startedAt = trace.start + (script.lateMs ?? 0);
      expect(trace.end.at).toBeLessThanOrEqual(Math.max(usableUntil, startedAt) + rounding);
    });
  });

  it("calls nobody before it is ready (invariant 9)", () => {
    always((trace) => {
      for (const { at, readiness } of attemptsOf(trace)) {
        expect(readiness.skip).toBeUndefined();
        expect(readiness.readyAt).toBeLessThanOrEqual(at);
      }
    });
  });

  it("waits within the envelope of its jitter, or as long as the soonest candidate asks (invariant 14)", () => {
    always((trace, { script }) => {
      for (const { step, round, hintMs } of waitsOf(trace)) {
        const floor = Math.min(50, script.backoff.capMs);
        const longest = Math.max(floor, nominalBackoffMs(script.backoff, round + 1));
        expect(step.ms).toBeGreaterThanOrEqual(Math.max(floor, hintMs));
        expect(step.ms).toBeLessThanOrEqual(Math.max(longest, hintMs * 1.2) + rounding);
        expect(step.why === "backoff" && step.ms > longest).toBe(false);
      }
    });
  });

  it("repeats an attempt no sooner than its Retry-After allows (invariant 14)", () => {
    always((trace) => {
      const restUntil = new Map<string, number>();
      for (const attempt of attemptsOf(trace)) {
        expect(attempt.at).toBeGreaterThanOrEqual(restUntil.get(idOf(attempt)) ?? 0);
        const { kind, retryAfterMs } = attempt.failure ?? { kind: "local", retryAfterMs: undefined };
        const tells = kind === "rate-limited" || kind === "quota-exhausted";
        if (tells) restUntil.set(idOf(attempt), attempt.endedAt + (retryAfterMs ?? 1000));
      }
    });
  });

  it("never waits for somebody who is back in more than a minute (invariant 15)", () => {
    always((trace) => {
      for (const { hintMs } of waitsOf(trace)) expect(hintMs).toBeLessThanOrEqual(60_000);
    });
  });

  it("never waits while somebody could be called: backoff comes only between rounds", () => {
    always((trace) => {
      for (const { couldBeCalled } of waitsOf(trace)) expect(couldBeCalled).toEqual([]);
    });
  });

  it("never calls what a hard filter rules out, not even for a fallback (invariant 16)", () => {
    always((trace, { facts }) => {
      for (const { step } of attemptsOf(trace)) expect(hardSkip(step.candidate.model, facts)).toBeUndefined();
    });
  });

  it("never calls a window that is known to be too small (invariant 16)", () => {
    always((trace) => {
      let tooSmall = -1;
      const models = new Set<string>();
      for (const { step, failure } of attemptsOf(trace)) {
        const { id, contextWindowTokens } = step.candidate.model;
        expect(models.has(id)).toBe(false);
        expect(contextWindowTokens ?? Infinity).toBeGreaterThan(tooSmall);
        if (failure?.kind !== "context-too-long") continue;
        models.add(id);
        tooSmall = Math.max(tooSmall, contextWindowTokens ?? -1);
      }
    });
  });

  it("makes no attempt after a caller's fault, and tells the caller (invariant 18)", () => {
    always((trace, { facts }) => {
      const attempts = attemptsOf(trace);
      const index = attempts.findIndex(
        ({ failure }) =>
          failure !== undefined &&
          (ending.includes(failure.kind) || (failure.kind === "content-filtered" && !facts.onContentFilter)),
      );
      if (index < 0) return;
      expect(index).toBe(attempts.length - 1);
      expect(trace.end).toMatchObject({ kind: "failed", failure: { kind: attempts[index]!.failure!.kind } });
    });
  });

  it("never calls again in a call what cannot change within it", () => {
    always((trace) => {
      const out = new Set<string>();
      for (const attempt of attemptsOf(trace)) {
        expect(out.has(idOf(attempt))).toBe(false);
        const kind = attempt.failure?.kind;
        if (kind !== undefined && (lasting.includes(kind) || refusing.includes(kind))) out.add(idOf(attempt));
      }
    });
  });

  it("says of an attempt that it is repeated where the call was there before, one stale connection aside", () => {
    always((trace) => {
      const called = new Set<string>();
      let stale = 0;
      let freeAt: string | undefined;
      for (const event of trace.events) {
        if (event.kind !== "attempt") {
          freeAt = undefined;
          continue;
        }
        const id = idOf(event);
        expect(event.step.repeated).toBe(called.has(id) && freeAt !== id);
        called.add(id);
        if (event.failure?.kind === "stale-connection") stale += 1;
        freeAt = event.failure?.kind === "stale-connection" && stale === 1 ? id : undefined;
      }
    });
  });

  it("stays with stable unless the canary was assigned, and rescues at stable of the same model (invariant 22)", () => {
    always((trace, { catalog, facts, script: { plan } }) => {
      const { canary } = catalog;
      const attempts = attemptsOf(trace);
      const atCanary = attempts.filter(
        ({ step: { candidate } }) =>
          takesPart(canary, candidate.model) && candidate.deployment.upstream === canary.canary,
      );
      if (plan.pinned) {
        const named = facts.target.kind === "deployment" ? facts.target.deployment : "";
        expect(atCanary.filter((attempt) => idOf(attempt) !== named)).toEqual([]);
      } else if (plan.arm === "stable") expect(atCanary).toEqual([]);
      else {
        const leader = plan.candidates[0]?.model;
        expect(atCanary.filter(({ step }) => step.candidate.model !== leader)).toEqual([]);
        const next = attempts.find((attempt) => !atCanary.includes(attempt))?.step.candidate;
        const stable = plan.candidates.filter(
          ({ model, deployment }) => model === leader && deployment.upstream !== canary?.canary,
        );
        const skipped = trace.events.flatMap((event) =>
          event.kind === "skip" ? [event.step.candidate.deployment.id] : [],
        );
        const rescuers = stable.filter(({ deployment }) => !skipped.includes(deployment.id));
        const tooLong = attempts.some(({ failure }) => failure?.kind === "context-too-long");
        expect(next === undefined || tooLong || rescuers.length === 0 || next.model === leader).toBe(true);
      }
    });
  });

  it("tells when to come back where waiting helps and only there, within 144 s (invariant 24)", () => {
    const helps = new Set<FailureKind>([...passing, "stream-broken", "local", "draining"]);
    always(({ end, state }) => {
      if (end.kind === "answered") return;
      const { retryAfterMs } = end.failure;
      const last = state.failures.at(-1);
      const expected =
        end.why === "draining" ||
        (last === undefined
          ? end.why !== "no-time" && state.candidates.length > 0
          : (end.why === "final" ? [last] : state.failures).some(({ kind }) => helps.has(kind)));
      expect(retryAfterMs !== undefined).toBe(expected);
      expect(retryAfterMs ?? 0).toBeGreaterThanOrEqual(0);
      expect(retryAfterMs ?? 0).toBeLessThanOrEqual(longestRetryAfterMs);
    });
  });

  it("tells a class only where every attempt failed by it, or the last one ends everything", () => {
    always(({ end, state }) => {
      if (end.kind === "answered" || end.why === "draining" || end.why === "final") return;
      const reasons = new Set(state.failures.map(({ kind }) => errorReasonOf(kind)));
      if (reasons.size > 1) expect(end.failure.kind).toBe("none-available");
      if (reasons.size === 1) expect([...reasons]).toEqual([errorReasonOf(end.failure.kind)]);
    });
  });

  it("is the same for the same script, to the last number (invariant 28)", () => {
    always((trace, { script, catalog, facts }) => {
      expect(driveRun(script)).toEqual(trace);
      expect(planRoute(catalog, facts)).toEqual({ kind: "planned", plan: script.plan });
    });
  });
});

describe("a run in which somebody healthy can be reached (invariant 19)", () => {
  /** Retryable before content; hanging ones are cut by our own limits. */
  const faultArbitrary: fc.Arbitrary<ScriptedOutcome> = fc.record({
    kind: fc.constantFrom(...passing, ...lasting),
    ms: fc.oneof(fc.nat(500), fc.constant(Infinity)),
    retryAfterMs: arbitraryRetryAfter,
    rotations: fc.nat(2),
  });
  const healthy: ScriptedDeployment = { outcomes: [{ kind: "answered", ms: 1000 }] };
  const base = {
    allowanceMs: 120_000,
    maxAttempts: 5,
    backoff: { baseMs: 1000, capMs: 60_000, jitter: "full" },
    retryBudget: 0,
    consecutiveFailures: 5,
    restart: false,
  } as const;
  const isolated: CallFacts = sampleFacts();

  it("ends well wherever in a chain it stands, if attempts are left for it, even behind those that hang", () => {
    const brokenArbitrary = fc.array(
      fc.record({
        // Whoever hangs first would race its own second attempt, so each has one fault for all attempts.
        outcomes: fc.tuple(faultArbitrary),
        blocked: arbitraryBlock,
      }),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(brokenArbitrary, brokenArbitrary, fc.nat(), (before, behind, seed) => {
        const all = [...before, healthy, ...behind];
        const models = all.map((_, index) => sampleModel(`acme/m${index}`));
        const catalog = sampleCatalog(models, { tiers: { simple: models.map(({ id }) => id) } });
        const plan = planOf(catalog, { ...isolated, target: { kind: "tier", tier: "simple" } });
        const deployments = Object.fromEntries(all.map((each, index) => [`acme/m${index}@one`, each]));
        // A first stale connection costs an attempt more.
        const stale = before.some(({ outcomes }) => outcomes[0].kind === "stale-connection");
        fc.pre(before.length + (stale ? 1 : 0) < base.maxAttempts);
        const { end } = driveRun({ ...base, plan, deployments, seed });
        expect(end).toMatchObject({ kind: "answered", deployment: `acme/m${before.length}@one` });
      }),
      { numRuns },
    );
  });

  it("ends well where only a configured fallback is healthy, whatever the class of what went wrong", () => {
    fc.assert(
      fc.property(faultArbitrary, fc.boolean(), fc.nat(), (fault, blocked, seed) => {
        const catalog = sampleCatalog([sampleModel("acme/a"), sampleModel("acme/b")], {
          fallback: { rateLimited: ["acme/b"], unavailable: ["acme/b"] },
        });
        const sick: ScriptedDeployment = blocked
          ? { outcomes: [fault], blocked: { forMs: 5000, skip: "keys-exhausted" } }
          : { outcomes: [fault] };
        const deployments = { "acme/a@one": sick, "acme/b@one": healthy };
        const { end } = driveRun({ ...base, plan: planOf(catalog, isolated), deployments, seed });
        expect(end).toMatchObject({ kind: "answered", deployment: "acme/b@one" });
      }),
      { numRuns: 1000 },
    );
  });

  it("ends well where the one deployment recovers within the attempts and the budget", () => {
    const quick: fc.Arbitrary<ScriptedOutcome> = fc.record({
      kind: fc.constantFrom(...passing),
      ms: fc.nat(500),
      retryAfterMs: fc.option(fc.nat(10_000), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(quick, { maxLength: 4 }), fc.nat(), (faults, seed) => {
        const outcomes: readonly ScriptedOutcome[] = [...faults, { kind: "answered", ms: 1000 }];
        const catalog = sampleCatalog([sampleModel("acme/a")]);
        const { end } = driveRun({
          ...base,
          plan: planOf(catalog, { ...isolated, fallback: { kind: "none" } }),
          deployments: { "acme/a@one": { outcomes } },
          seed,
          retryBudget: 4,
        });
        expect(end).toMatchObject({ kind: "answered" });
      }),
      { numRuns },
    );
  });
});
