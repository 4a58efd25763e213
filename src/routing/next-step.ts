import { backoffMs } from "./backoff.ts";
import type { BackoffPolicy } from "./backoff.ts";
import type { Candidate } from "./catalog.ts";
import type { Plan } from "./plan.ts";
import type { RunState } from "./run-state.ts";
import type { SkipReason } from "./skip-reason.ts";

/** Whether a candidate can be called now, as the fleet sees it. */
export interface Readiness {
  /** Why not; undefined when it can. */
  readonly skip: SkipReason | undefined;
  /** Instant from which it may be called; 0 when now, Infinity when nobody knows. */
  readonly readyAt: number;
}

/** What a decision is made from besides plan and state. */
export interface StepFacts {
  readonly now: number;
  /** Instant at which the whole call ends. */
  readonly deadline: number;
  /** From the start of the call to its deadline, in milliseconds. */
  readonly allowanceMs: number;
  readonly draining: boolean;
  readonly maxAttempts: number;
  readonly backoff: BackoffPolicy;
  readonly readiness: (deploymentId: string) => Readiness;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** What to do next. */
export type Step =
  | { readonly kind: "skip"; readonly candidate: Candidate; readonly skip: SkipReason }
  | {
      readonly kind: "attempt";
      readonly candidate: Candidate;
      /** Milliseconds that it may take until its answer, or its first content. */
      readonly budgetMs: number;
      /** The budget is all the time that the call has left, not a share of it. */
      readonly budgetIsDeadline: boolean;
      /** This call has called it before, so the attempt is paid from the retry budget. */
      readonly repeated: boolean;
    }
  | { readonly kind: "wait"; readonly ms: number; readonly why: "backoff" | "retry-after" }
  | {
      readonly kind: "give-up";
      readonly why: GiveUpReason;
      /** When somebody can be called again; `callFailure` knows whether that helps. Undefined: nobody, ever. */
      readonly retryAfterMs: number | undefined;
    };

export type GiveUpReason =
  /** What failed, fails everywhere. */
  | "final"
  /** Nobody could be called at all. */
  | "none-ready"
  | "attempts-spent"
  /** Every candidate is out for this call. */
  | "candidates-spent"
  /** There is nothing to pay a repeated attempt with. */
  | "retry-budget"
  /** Nobody can be called again within a minute. */
  | "wait-too-long"
  /** The deadline cannot hold another attempt. */
  | "no-time"
  | "draining";

/** Nobody is told to come back later than this. */
export const longestRetryAfterMs = 144_000;

/** A wait longer than this is the caller's to make. */
const longestWaitMs = 60_000;

/** Chance adds up to this share to a time that many callers wait for, so that they do not return together. */
const spreadShare = 0.2;

/** Below this a share of the deadline is too short to tell a slow upstream from a dead one. */
const smallestSplitMs = 1000;

/** Of the time left, while somebody else could still be asked. */
const splitShare = 0.6;

/** Kept back for the answer's way to the caller. */
export function reserveMs(allowanceMs: number): number {
  return Math.min(250, allowanceMs * 0.05);
}

/** A further attempt with less time than this is not worth its load. */
export function minUsefulMs(allowanceMs: number): number {
  return Math.min(2000, allowanceMs * 0.1);
}

/**
 * The next step of a run: the next candidate at once, backoff only between rounds, nothing that the
 * deadline cannot hold. Pure: same arguments, same step.
 * @see docs/decisions/0002-next-step-machine.md
 */
export function nextStep(plan: Plan, state: RunState, facts: StepFacts): Step {
  // Before draining: what is the caller's fault here is its fault at every replica.
  if (state.final) return giveUp("final", comeBackMs(state, facts));
  if (facts.draining) return giveUp("draining");
  const candidate = state.sameNow ?? firstAhead(state);
  if (candidate === undefined) return betweenRounds(state, facts);
  if (state.attempts >= facts.maxAttempts) return giveUp("attempts-spent", comeBackMs(state, facts));
  const { skip } = facts.readiness(candidate.deployment.id);
  if (skip !== undefined) return { kind: "skip", candidate, skip };
  const remainingMs = remaining(facts);
  const needMs = state.attempts === 0 ? 0 : minUsefulMs(facts.allowanceMs);
  if (remainingMs <= needMs) return giveUp("no-time", comeBackMs(state, facts));
  const shareMs = Math.max(minUsefulMs(facts.allowanceMs), remainingMs * splitShare);
  const splits =
    state.attempts + 1 < facts.maxAttempts &&
    remainingMs >= smallestSplitMs &&
    remainingMs - shareMs > minUsefulMs(facts.allowanceMs) &&
    somebodyElse(plan, state, candidate, facts.now + shareMs, facts.readiness);
  return {
    kind: "attempt",
    candidate,
    budgetMs: splits ? shareMs : remainingMs,
    budgetIsDeadline: !splits,
    repeated: state.sameNow === undefined && state.called.has(candidate.deployment.id),
  };
}

function firstAhead({ ahead, out }: RunState): Candidate | undefined {
  for (const candidate of ahead) if (!out.has(candidate.deployment.id)) return candidate;
  return undefined;
}

/** Whether another candidate could be called at `instant`, those that a timeout would append included. */
function somebodyElse(
  plan: Plan,
  state: RunState,
  candidate: Candidate,
  instant: number,
  readiness: StepFacts["readiness"],
): boolean {
  const own = candidate.deployment.id;
  for (const { deployment } of state.ahead)
    if (deployment.id !== own && callableAt(state, deployment.id, instant, readiness)) return true;
  for (const { deployment } of plan.fallbacks.unavailable)
    if (!isKnown(state, deployment.id) && callableAt(state, deployment.id, instant, readiness)) return true;
  return false;
}

function callableAt(
  { out }: RunState,
  id: string,
  instant: number,
  readiness: StepFacts["readiness"],
): boolean {
  return !out.has(id) && readiness(id).readyAt <= instant;
}

function isKnown({ candidates }: RunState, id: string): boolean {
  for (const { deployment } of candidates) if (deployment.id === id) return true;
  return false;
}

function betweenRounds(state: RunState, facts: StepFacts): Step {
  // Nobody was called: waiting callers would only become a herd at the moment of recovery.
  if (state.failures.length === 0) return giveUp("none-ready", comeBackMs(state, facts));
  if (state.unpaid) return giveUp("retry-budget", comeBackMs(state, facts));
  const left = state.candidates.filter(({ deployment }) => !state.out.has(deployment.id));
  if (left.length === 0) return giveUp("candidates-spent", comeBackMs(state, facts));
  if (state.attempts >= facts.maxAttempts) return giveUp("attempts-spent", comeBackMs(state, facts));
  const hintMs = soonestMs(left, facts);
  const spreadMs = spread(hintMs, facts.random());
  const backoff = backoffMs(facts.backoff, state.round + 1, facts.random());
  const ms = Math.max(backoff, spreadMs);
  if (hintMs > longestWaitMs) return giveUp("wait-too-long", ms);
  // At equality too: an attempt behind the wait would find less than what is useful.
  if (ms >= remaining(facts) - minUsefulMs(facts.allowanceMs)) return giveUp("no-time", ms);
  return { kind: "wait", ms, why: spreadMs > backoff ? "retry-after" : "backoff" };
}

/**
 * When it is worth coming back, in milliseconds: once the soonest candidate can be called, and not before one
 * backoff. Those that are out for this call count where there are no others. Undefined without any candidate.
 */
function comeBackMs({ candidates, out }: RunState, facts: StepFacts): number | undefined {
  if (candidates.length === 0) return undefined;
  const left = candidates.filter(({ deployment }) => !out.has(deployment.id));
  const hintMs = soonestMs(left.length === 0 ? candidates : left, facts);
  return spread(Math.max(hintMs, backoffMs(facts.backoff, 1, facts.random())), facts.random());
}

/** Milliseconds until the first of them may be called; 0 when one may be called now. */
function soonestMs(candidates: readonly Candidate[], facts: StepFacts): number {
  const waits = candidates.map(({ deployment }) => facts.readiness(deployment.id).readyAt - facts.now);
  return Math.max(0, Math.min(...waits));
}

/** Up to a fifth longer, within {@link longestRetryAfterMs}. */
function spread(ms: number, random: number): number {
  return Math.min(ms, longestRetryAfterMs / (1 + spreadShare)) * (1 + spreadShare * random);
}

/** Milliseconds until the answer must be on its way. */
function remaining(facts: StepFacts): number {
  return facts.deadline - facts.now - reserveMs(facts.allowanceMs);
}

function giveUp(why: GiveUpReason, retryAfterMs?: number): Step {
  // A configured backoff may be longer than what anybody is told.
  const told = retryAfterMs === undefined ? undefined : Math.min(retryAfterMs, longestRetryAfterMs);
  return { kind: "give-up", why, retryAfterMs: told };
}
