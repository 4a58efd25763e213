import type { FallbackClass } from "./catalog.ts";
import { failureRules } from "./failure-rules.ts";
import type { Failure } from "./failure.ts";
import type { Candidate, Plan } from "./plan.ts";
import { fallbackOfSkip } from "./skip-reason.ts";
import type { SkipReason } from "./skip-reason.ts";

/** What a run of a plan has been through; each event makes a new one. */
export interface RunState {
  /** Attempts that count against the limit: key rotations do not. */
  readonly attempts: number;
  /** Passes over the candidates that are over. */
  readonly round: number;
  /** Deployments tried or passed over in this round. */
  readonly tried: ReadonlySet<string>;
  /** Deployments that are out for the rest of the call. */
  readonly out: ReadonlySet<string>;
  /** Deployments that this call has already called: another attempt there is a repeated one. */
  readonly called: ReadonlySet<string>;
  /** Fallback lists appended so far, in order. */
  readonly opened: readonly FallbackClass[];
  /** Every failure so far, in order; key rotations included. */
  readonly failures: readonly Failure[];
  /** Why candidates were passed over, in order. */
  readonly skips: readonly SkipReason[];
  /** The one attempt that a stale connection earns was taken. */
  readonly sameNowTaken: boolean;
  /** A stale connection asks for this deployment again, at once and uncharged. */
  readonly sameNow: string | undefined;
}

/** The state before the first attempt. What the plan ruled out counts as its class from the start. */
export function startRun(plan: Plan): RunState {
  const state: RunState = {
    attempts: 0,
    round: 0,
    tried: new Set(),
    out: new Set(),
    called: new Set(),
    opened: [],
    failures: [],
    skips: [],
    sameNowTaken: false,
    sameNow: undefined,
  };
  const tooLong = plan.excluded.some((candidate) => candidate.skip === "context-too-long");
  const opened = tooLong ? open(state, "contextTooLong") : state;
  // A named model none of whose upstreams has a key cannot be tried: that is being unavailable.
  const nowhere = plan.candidates.length === 0 && plan.excluded.length === 0;
  return nowhere ? open(opened, "unavailable") : opened;
}

/** The plan's candidates and the fallback lists opened so far, each deployment once. */
export function candidatesNow(plan: Plan, state: RunState): readonly Candidate[] {
  if (state.opened.length === 0) return plan.candidates;
  const all = [...plan.candidates, ...state.opened.flatMap((list) => plan.fallbacks[list])];
  const seen = new Set<string>();
  return all.filter(({ deployment }) => !seen.has(deployment.id) && seen.add(deployment.id));
}

/** A candidate was passed over without a call. */
export function afterSkip(state: RunState, candidate: Candidate, skip: SkipReason): RunState {
  const fallback = fallbackOfSkip(skip);
  const next: RunState = {
    ...state,
    tried: including(state.tried, candidate.deployment.id),
    skips: [...state.skips, skip],
    sameNow: undefined,
  };
  return fallback === undefined ? next : open(next, fallback);
}

/** An attempt is about to start. */
export function afterStart(state: RunState, candidate: Candidate): RunState {
  const id = candidate.deployment.id;
  return {
    ...state,
    attempts: state.attempts + 1,
    tried: including(state.tried, id),
    called: including(state.called, id),
    sameNow: undefined,
  };
}

/** An attempt with one of several keys failed, and another key is tried: charged to nobody. */
export function afterRotation(state: RunState, failure: Failure): RunState {
  return { ...state, failures: [...state.failures, failure] };
}

/** The last attempt at a candidate failed. */
export function afterFailure(plan: Plan, state: RunState, candidate: Candidate, failure: Failure): RunState {
  const rule = failureRules[failure.kind];
  const failed: RunState = { ...state, failures: [...state.failures, failure] };
  const rerouted = failure.kind === "content-filtered" && plan.onContentFilter;
  const fallback = rerouted ? "unavailable" : rule.fallback;
  const next = fallback === undefined ? failed : open(failed, fallback);
  const id = candidate.deployment.id;
  switch (rule.next) {
    case "next":
      return next;
    case "skip":
      return { ...next, out: including(next.out, id) };
    case "give-up":
      return rerouted ? { ...next, out: including(next.out, id) } : next;
    case "larger":
      return { ...next, out: withoutLargerThan(plan, next, candidate) };
    case "same-now":
      return next.sameNowTaken ? next : { ...next, sameNowTaken: true, sameNow: id };
  }
}

/** Broke after its first content, and the caller allows a restart: another candidate may start over. */
export function afterBrokenStream(state: RunState, failure: Failure): RunState {
  return open({ ...state, failures: [...state.failures, failure] }, "unavailable");
}

/** A wait is over: every candidate that is not out may be tried again. */
export function afterWait(state: RunState): RunState {
  return { ...state, round: state.round + 1, tried: new Set() };
}

function open(state: RunState, fallback: FallbackClass): RunState {
  return state.opened.includes(fallback) ? state : { ...state, opened: [...state.opened, fallback] };
}

/** Models whose window is not larger than the one that was too small are out, undeclared ones excepted. */
function withoutLargerThan(plan: Plan, state: RunState, failed: Candidate): ReadonlySet<string> {
  const out = new Set(state.out).add(failed.deployment.id);
  const window = failed.model.contextWindowTokens;
  for (const { deployment, model } of candidatesNow(plan, state)) {
    if (model.id === failed.model.id) out.add(deployment.id);
    else if (window !== undefined && (model.contextWindowTokens ?? Infinity) <= window)
      out.add(deployment.id);
  }
  return out;
}

function including(set: ReadonlySet<string>, id: string): ReadonlySet<string> {
  return new Set(set).add(id);
}
