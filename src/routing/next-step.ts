import { backoffMs } from "./backoff.ts";
import type { BackoffPolicy } from "./backoff.ts";
import { failureRules } from "./failure-rules.ts";
import type { Failure } from "./failure.ts";
import type { Candidate, Plan } from "./plan.ts";
import { candidatesNow } from "./run-state.ts";
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
      /** This call has called it before, so the attempt is paid from the retry budget. */
      readonly repeated: boolean;
    }
  | { readonly kind: "wait"; readonly ms: number; readonly why: "backoff" | "retry-after" }
  | { readonly kind: "give-up"; readonly why: GiveUpReason; readonly retryAfterMs: number | undefined };

export type GiveUpReason =
  /** What failed, fails everywhere. */
  | "final"
  /** Nobody could be called at all. */
  | "none-ready"
  | "attempts-spent"
  | "candidates-spent"
  /** The deadline cannot hold another attempt. */
  | "no-time"
  | "draining";

/** Nobody is told to come back later than this. */
export const longestRetryAfterMs = 144_000;

/** A wait longer than this is the caller's to make. */
const longestWaitMs = 60_000;

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
 * deadline cannot hold. Pure: same arguments, same step. @see docs of the loop in resilience §3.3
 */
export function nextStep(plan: Plan, state: RunState, facts: StepFacts): Step {
  if (facts.draining) return giveUp("draining");
  const last = state.failures.at(-1);
  if (last !== undefined && isFinal(plan, last)) return giveUp("final");
  const candidates = candidatesNow(plan, state);
  const again = candidates.find(({ deployment }) => deployment.id === state.sameNow);
  const candidate =
    again ??
    candidates.find(({ deployment }) => !state.tried.has(deployment.id) && !state.out.has(deployment.id));
  if (candidate === undefined) return betweenRounds(candidates, state, facts);
  if (state.attempts >= facts.maxAttempts) return giveUp("attempts-spent", soonest(candidates, state, facts));
  const readiness = facts.readiness(candidate.deployment.id);
  if (readiness.skip !== undefined) return { kind: "skip", candidate, skip: readiness.skip };
  const remainingMs = facts.deadline - facts.now - reserveMs(facts.allowanceMs);
  const needMs = state.attempts === 0 ? 0 : minUsefulMs(facts.allowanceMs);
  if (remainingMs <= needMs) return giveUp("no-time", soonest(candidates, state, facts));
  return {
    kind: "attempt",
    candidate,
    budgetMs: attemptBudgetMs(plan, state, candidates, candidate, remainingMs, facts),
    repeated: again === undefined && state.called.has(candidate.deployment.id),
  };
}

/** Below this a share of the deadline is too short to tell a slow upstream from a dead one. */
const smallestSplitMs = 1000;

/** While somebody else could still be asked, an attempt leaves two fifths of the time for them. */
function attemptBudgetMs(
  plan: Plan,
  state: RunState,
  candidates: readonly Candidate[],
  candidate: Candidate,
  remainingMs: number,
  facts: StepFacts,
): number {
  if (state.attempts + 1 >= facts.maxAttempts || remainingMs < smallestSplitMs) return remainingMs;
  const free = (other: Candidate): boolean =>
    other.deployment.id !== candidate.deployment.id &&
    !state.out.has(other.deployment.id) &&
    !state.tried.has(other.deployment.id);
  const others = candidates.some(free) || plan.fallbacks.unavailable.some(free);
  return others ? Math.max(minUsefulMs(facts.allowanceMs), remainingMs * 0.6) : remainingMs;
}

function betweenRounds(candidates: readonly Candidate[], state: RunState, facts: StepFacts): Step {
  const left = candidates.filter(({ deployment }) => !state.out.has(deployment.id));
  const retryAfter = soonest(candidates, state, facts);
  // Nobody was called: waiting callers would only become a herd at the moment of recovery.
  if (state.failures.length === 0) return giveUp("none-ready", retryAfter);
  if (left.length === 0) return giveUp("candidates-spent");
  if (state.attempts >= facts.maxAttempts) return giveUp("attempts-spent", retryAfter);
  const hintMs = hint(left, facts);
  const backoff = backoffMs(facts.backoff, state.round + 1, facts.random());
  const spread = hintMs > 0 ? hintMs * (1 + 0.2 * facts.random()) : 0;
  const ms = Math.max(backoff, spread);
  const usable = facts.deadline - facts.now - reserveMs(facts.allowanceMs) - minUsefulMs(facts.allowanceMs);
  if (hintMs > longestWaitMs) return giveUp("candidates-spent", Math.min(ms, longestRetryAfterMs));
  if (ms > usable) return giveUp("no-time", Math.min(ms, longestRetryAfterMs));
  return { kind: "wait", ms, why: spread > backoff ? "retry-after" : "backoff" };
}

/** Milliseconds until the first of them may be called; 0 when one may be called now. */
function hint(candidates: readonly Candidate[], facts: StepFacts): number {
  const waits = candidates.map(({ deployment }) => {
    const { skip, readyAt } = facts.readiness(deployment.id);
    return skip === undefined ? 0 : Math.max(0, readyAt - facts.now);
  });
  return Math.min(...waits, Infinity);
}

/** When it is worth coming back: the soonest candidate, spread so that callers do not return together. */
function soonest(candidates: readonly Candidate[], state: RunState, facts: StepFacts): number | undefined {
  const left = candidates.filter(({ deployment }) => !state.out.has(deployment.id));
  if (left.length === 0) return undefined;
  const ms = Math.max(hint(left, facts), backoffMs(facts.backoff, 1, facts.random()));
  return Math.min(longestRetryAfterMs, ms * (1 + 0.2 * facts.random()));
}

function isFinal(plan: Plan, failure: Failure): boolean {
  if (failure.kind === "content-filtered") return !plan.onContentFilter;
  return failureRules[failure.kind].next === "give-up" && failure.kind !== "stream-broken";
}

function giveUp(why: GiveUpReason, retryAfterMs?: number): Step {
  return { kind: "give-up", why, retryAfterMs };
}
