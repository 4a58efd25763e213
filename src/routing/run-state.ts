import type { Candidate, FallbackClass } from "./catalog.ts";
import { failureRules } from "./failure-rules.ts";
import type { Failure } from "./failure.ts";
import type { Plan } from "./plan.ts";
import { fallbackOfSkip } from "./skip-reason.ts";
import type { SkipReason } from "./skip-reason.ts";

/** What a run of a plan has been through; each event makes a new one. */
export interface RunState {
  /** Attempts that count against the limit: key rotations do not. */
  readonly attempts: number;
  /** Passes over the candidates that are over. */
  readonly round: number;
  /** The plan's candidates and those of the lists opened so far, in order, each deployment once. */
  readonly candidates: readonly Candidate[];
  /** Those of them that were neither tried nor passed over in this round. */
  readonly ahead: readonly Candidate[];
  /** Deployments that are out for the rest of the call. */
  readonly out: ReadonlySet<string>;
  /** Those of them that refuse this very request, for its length or its content. */
  readonly refused: ReadonlySet<string>;
  /** Deployments that this call has already called: another attempt there is a repeated one. */
  readonly called: ReadonlySet<string>;
  /** Fallback lists appended so far, in order. */
  readonly opened: readonly FallbackClass[];
  /** The plan's. */
  readonly fallbacks: Plan["fallbacks"];
  /** Every failure so far, in order; key rotations included. */
  readonly failures: readonly Failure[];
  /** Why candidates were passed over, in order. */
  readonly skips: readonly SkipReason[];
  /** A repeated attempt of this round could not be paid: a further round would find no more to pay it with. */
  readonly unpaid: boolean;
  /** The one attempt that a stale connection earns was taken. */
  readonly sameNowTaken: boolean;
  /** A stale connection asks for this candidate again, at once and uncharged. */
  readonly sameNow: Candidate | undefined;
  /** What failed, fails everywhere: nothing is left to decide. */
  readonly final: boolean;
}

// Shared by every run at its start: no state is ever changed in place.
const none: readonly never[] = [];
const nowhere: ReadonlySet<string> = new Set();

/** The state before the first attempt. What the plan ruled out counts as its class from the start. */
export function startRun(plan: Plan): RunState {
  let state: RunState = {
    attempts: 0,
    round: 0,
    candidates: plan.candidates,
    ahead: plan.candidates,
    out: nowhere,
    refused: nowhere,
    called: nowhere,
    opened: none,
    fallbacks: plan.fallbacks,
    failures: none,
    skips: none,
    unpaid: false,
    sameNowTaken: false,
    sameNow: undefined,
    final: false,
  };
  for (const { skip } of plan.excluded) state = openFor(state, skip);
  // A named model none of whose upstreams has a key cannot be tried: that is being unavailable.
  const untried = plan.candidates.length === 0 && plan.excluded.length === 0;
  return untried ? open(state, "unavailable") : state;
}

/** A candidate was passed over without a call. */
export function afterSkip(state: RunState, candidate: Candidate, skip: SkipReason): RunState {
  const next: RunState = {
    ...state,
    ahead: without(state.ahead, candidate),
    skips: [...state.skips, skip],
    // Like the refusal itself: a key comes back by somebody's doing, not by waiting within the call.
    out: skip === "keys-quarantined" ? including(state.out, candidate.deployment.id) : state.out,
    sameNow: undefined,
  };
  return openFor(next, skip);
}

/** A repeated attempt is passed over for want of a budget; whoever was not called yet costs none. */
export function afterUnpaid(state: RunState, candidate: Candidate): RunState {
  return { ...state, ahead: without(state.ahead, candidate), unpaid: true };
}

/** An attempt is about to start. */
export function afterStart(state: RunState, candidate: Candidate): RunState {
  const id = candidate.deployment.id;
  return {
    ...state,
    attempts: state.attempts + 1,
    ahead: without(state.ahead, candidate),
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
  const { next, fallback } = failureRules[failure.kind];
  const failed: RunState = { ...state, failures: [...state.failures, failure] };
  const opened = fallback === undefined ? failed : open(failed, fallback);
  const id = candidate.deployment.id;
  switch (next) {
    case "next":
      return opened;
    case "skip":
      return { ...opened, out: including(opened.out, id) };
    case "give-up":
      if (failure.kind === "content-filtered" && plan.onContentFilter) {
        return withRefused(open(failed, "unavailable"), [id]);
      }
      return { ...failed, final: true };
    case "larger":
      return withRefused(opened, tooSmall(plan, candidate));
    case "same-now":
      // The first one is the keep-alive race, and no reason to look elsewhere.
      return state.sameNowTaken ? opened : { ...failed, sameNowTaken: true, sameNow: candidate };
  }
}

/** Broke after its first content, and the caller allows a restart: another candidate may start over. */
export function afterBrokenStream(state: RunState, failure: Failure): RunState {
  return open({ ...state, failures: [...state.failures, failure] }, "unavailable");
}

/** A wait is over: every candidate that is not out may be tried again. */
export function afterWait(state: RunState): RunState {
  return { ...state, round: state.round + 1, ahead: state.candidates };
}

/** Whether this call has called a deployment of the upstream. */
export function hasCalled({ candidates, called }: RunState, upstream: string): boolean {
  for (const { deployment } of candidates)
    if (deployment.upstream === upstream && called.has(deployment.id)) return true;
  return false;
}

/** A skipped candidate counts as its class. */
function openFor(state: RunState, skip: SkipReason): RunState {
  const fallback = fallbackOfSkip(skip);
  return fallback === undefined ? state : open(state, fallback);
}

function open(state: RunState, fallback: FallbackClass): RunState {
  if (state.opened.includes(fallback)) return state;
  const known = new Set(state.candidates.map(({ deployment }) => deployment.id));
  const added = state.fallbacks[fallback].filter(({ deployment }) => !known.has(deployment.id));
  return {
    ...state,
    opened: [...state.opened, fallback],
    candidates: [...state.candidates, ...added],
    ahead: [...state.ahead, ...added],
  };
}

/** Where everybody has refused the request itself, the last of them speaks for the call, whatever failed before. */
function withRefused(state: RunState, ids: readonly string[]): RunState {
  const refused = new Set([...state.refused, ...ids]);
  return {
    ...state,
    refused,
    out: state.out.union(refused),
    final: state.candidates.every(({ deployment }) => refused.has(deployment.id)),
  };
}

/**
 * The deployments whose window is not larger than the one that was too small, undeclared ones excepted. Of every list,
 * the ones not opened yet included: no later fallback may lead there either.
 */
function tooSmall(plan: Plan, failed: Candidate): readonly string[] {
  const window = failed.model.contextWindowTokens ?? 0;
  const { rateLimited, unavailable, contextTooLong } = plan.fallbacks;
  return [...plan.candidates, ...rateLimited, ...unavailable, ...contextTooLong]
    .filter(({ model }) => model.id === failed.model.id || (model.contextWindowTokens ?? Infinity) <= window)
    .map(({ deployment }) => deployment.id);
}

function without(candidates: readonly Candidate[], { deployment: { id } }: Candidate): readonly Candidate[] {
  return candidates.filter(({ deployment }) => deployment.id !== id);
}

function including(set: ReadonlySet<string>, id: string): ReadonlySet<string> {
  return new Set(set).add(id);
}
