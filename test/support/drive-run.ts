import { type CallFailure, callFailure } from "../../src/routing/call-failure.ts";
import { failureRules } from "../../src/routing/failure-rules.ts";
import type { Failure, FailureKind } from "../../src/routing/failure.ts";
import { nextStep, type Readiness, type Step, type StepFacts } from "../../src/routing/next-step.ts";
import type { Candidate } from "../../src/routing/catalog.ts";
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
import type { SkipReason } from "../../src/routing/skip-reason.ts";
import { sampleFailure } from "./routing-samples.ts";

/** What a deployment does to one attempt, if it is let. */
export interface ScriptedOutcome {
  readonly kind: "answered" | FailureKind;
  /** How long that takes; Infinity hangs. */
  readonly ms: number;
  readonly retryAfterMs?: number | undefined;
  /** Other keys that failed alike before this one. */
  readonly rotations?: number | undefined;
}

/** What a deployment is like. */
export interface ScriptedDeployment {
  /** One an attempt; the last one again and again. */
  readonly outcomes: readonly ScriptedOutcome[];
  /** Not to be called in the first so many milliseconds, for this reason. */
  readonly blocked?: { readonly forMs: number; readonly skip: SkipReason } | undefined;
}

/** A call and the world that it meets. Everything that happens follows from it. */
export interface RunScript extends Pick<StepFacts, "allowanceMs" | "maxAttempts" | "backoff"> {
  readonly plan: Plan;
  /** Whoever is not in it answers at once. */
  readonly deployments: Readonly<Record<string, ScriptedDeployment>>;
  /** Of chance. */
  readonly seed: number;
  /** Milliseconds into the call at which it starts to run: admission took so long. */
  readonly lateMs?: number | undefined;
  /** Milliseconds into the call. */
  readonly drainAfterMs?: number | undefined;
  /** Repeated attempts that can be paid for. */
  readonly retryBudget: number;
  /** Failures in a row that open a breaker, for 10 s. */
  readonly consecutiveFailures: number;
  /** A stream that breaks may start over elsewhere. */
  readonly restart: boolean;
}

export type RunEvent =
  | {
      readonly kind: "attempt";
      readonly at: number;
      readonly step: Extract<Step, { kind: "attempt" }>;
      /** As the fleet saw it just before. */
      readonly readiness: Readiness;
      readonly endedAt: number;
      /** Undefined: answered. */
      readonly failure: Failure | undefined;
    }
  | { readonly kind: "skip"; readonly at: number; readonly step: Extract<Step, { kind: "skip" }> }
  | {
      readonly kind: "wait";
      readonly at: number;
      readonly step: Extract<Step, { kind: "wait" }>;
      /** Rounds before it. */
      readonly round: number;
      /** Milliseconds until the first candidate that is not out could be called. */
      readonly hintMs: number;
      /** Candidates that could have been called instead. */
      readonly couldBeCalled: readonly string[];
    };

/** All that happened, on a clock that starts at `start`. */
export interface RunTrace {
  readonly start: number;
  readonly deadline: number;
  readonly events: readonly RunEvent[];
  readonly end:
    | { readonly kind: "answered"; readonly at: number; readonly deployment: string }
    | {
        readonly kind: "failed";
        readonly at: number;
        readonly why: Parameters<typeof callFailure>[1];
        readonly failure: CallFailure;
      };
  readonly state: RunState;
}

/** Not 0, which is "now" where readiness is told. */
const start = 1_000_000;

/** More than any run of the decisions needs: they must come to an end by themselves. */
const mostSteps = 10_000;

/** Drives the decisions of a run on a virtual clock, obeying them as a shell would, to the one end of the call. */
export function driveRun(script: RunScript): RunTrace {
  const { plan } = script;
  const random = chance(script.seed);
  const deadline = start + script.allowanceMs;
  const fleet = scriptedFleet(script);
  const events: RunEvent[] = [];
  let now = start + (script.lateMs ?? 0);
  let budget = script.retryBudget;
  let state = startRun(plan);
  let triedInRound = new Set<string>();

  const ended = (end: RunTrace["end"]): RunTrace => ({ start, deadline, events, end, state });
  const failed = (why: Parameters<typeof callFailure>[1], retryAfterMs: number | undefined): RunTrace =>
    ended({ kind: "failed", at: now, why, failure: callFailure(state, why, retryAfterMs) });

  for (let steps = 0; steps < mostSteps; steps += 1) {
    const readiness = (id: string): Readiness => fleet.readiness(id, now);
    const step = nextStep(plan, state, {
      ...script,
      now,
      deadline,
      draining: now - start >= (script.drainAfterMs ?? Infinity),
      readiness,
      random,
    });
    switch (step.kind) {
      case "skip":
        events.push({ kind: "skip", at: now, step });
        triedInRound.add(step.candidate.deployment.id);
        state = afterSkip(state, step.candidate, step.skip);
        break;
      case "wait": {
        const left = listed(plan, state).filter((id) => !state.out.has(id));
        const readyIn = left.map((id) => Math.max(0, readiness(id).readyAt - now));
        const couldBeCalled = left.filter((id) => !triedInRound.has(id) && readiness(id).skip === undefined);
        const hintMs = Math.min(...readyIn);
        events.push({ kind: "wait", at: now, step, round: state.round, hintMs, couldBeCalled });
        now += step.ms;
        triedInRound = new Set();
        state = afterWait(state);
        break;
      }
      case "give-up":
        return failed(step.why, step.retryAfterMs);
      case "attempt": {
        const { candidate } = step;
        const { id } = candidate.deployment;
        if (step.repeated) {
          if (budget < 1) {
            triedInRound.add(id);
            state = afterUnpaid(state, candidate);
            break;
          }
          budget -= 1;
        }
        triedInRound.add(id);
        const ready = readiness(id);
        const at = now;
        const outcome = cut(fleet.call(id), step);
        now += outcome.ms;
        state = afterStart(state, candidate);
        const { kind } = outcome;
        if (kind === "answered") {
          events.push({ kind: "attempt", at, step, readiness: ready, endedAt: now, failure: undefined });
          return ended({ kind: "answered", at: now, deployment: id });
        }
        const failure = sampleFailure(kind, { retryAfterMs: outcome.retryAfterMs });
        events.push({ kind: "attempt", at, step, readiness: ready, endedAt: now, failure });
        fleet.learn(id, failure, now);
        state = afterAttempt(script, state, candidate, failure, outcome.rotations ?? 0);
      }
    }
  }
  throw new Error(`the run did not end within ${mostSteps} steps`);
}

/** An attempt that takes longer than its budget is ended by our own limit. */
function cut(outcome: ScriptedOutcome, step: Extract<Step, { kind: "attempt" }>): ScriptedOutcome {
  if (outcome.ms <= step.budgetMs) return outcome;
  return { kind: step.budgetIsDeadline ? "deadline-exceeded" : "timeout", ms: step.budgetMs };
}

function afterAttempt(
  { plan, restart }: RunScript,
  state: RunState,
  candidate: Candidate,
  failure: Failure,
  rotations: number,
): RunState {
  let next = state;
  const rotated = failureRules[failure.kind].rotates ? rotations : 0;
  for (let key = 0; key < rotated; key += 1) next = afterRotation(next, failure);
  return failure.kind === "stream-broken" && restart
    ? afterBrokenStream(next, failure)
    : afterFailure(plan, next, candidate, failure);
}

/** Breakers, keys and limits of the script's deployments, as simply as they can be. */
function scriptedFleet({ deployments, consecutiveFailures }: RunScript) {
  const calls = new Map<string, number>();
  const failuresInARow = new Map<string, number>();
  const blocks = new Map<string, { readonly until: number; readonly skip: SkipReason }>();
  for (const [id, { blocked }] of Object.entries(deployments)) {
    if (blocked !== undefined) blocks.set(id, { until: start + blocked.forMs, skip: blocked.skip });
  }
  return {
    readiness: (id: string, now: number): Readiness => {
      const block = blocks.get(id);
      if (block === undefined || block.until <= now) return { skip: undefined, readyAt: 0 };
      return { skip: block.skip, readyAt: block.until };
    },
    call: (id: string): ScriptedOutcome => {
      const number = calls.get(id) ?? 0;
      calls.set(id, number + 1);
      const outcomes = deployments[id]?.outcomes ?? [];
      return outcomes[number] ?? outcomes.at(-1) ?? { kind: "answered", ms: 0 };
    },
    learn: (id: string, { kind, retryAfterMs }: Failure, now: number): void => {
      const { breaker, rotates } = failureRules[kind];
      const inARow = breaker === "failure" ? (failuresInARow.get(id) ?? 0) + 1 : 0;
      failuresInARow.set(id, inARow);
      if (breaker === "trip") blocks.set(id, { until: now + 300_000, skip: "breaker-open" });
      else if (kind === "unauthorized" || kind === "forbidden") {
        blocks.set(id, { until: now + 60_000, skip: "keys-quarantined" });
      } else if (rotates) blocks.set(id, { until: now + (retryAfterMs ?? 1000), skip: "keys-exhausted" });
      else if (inARow >= consecutiveFailures) blocks.set(id, { until: now + 10_000, skip: "breaker-open" });
      else if (retryAfterMs !== undefined) blocks.set(id, { until: now + retryAfterMs, skip: "at-capacity" });
    },
  };
}

/** Every deployment that a run may have come to by now. */
function listed(plan: Plan, state: RunState): readonly string[] {
  const all = [...plan.candidates, ...state.opened.flatMap((list) => plan.fallbacks[list])];
  return [...new Set(all.map(({ deployment }) => deployment.id))];
}

/** The same numbers for the same seed, uniform in [0, 1): mulberry32. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
