import { type CallFailure, callFailure } from "../routing/call-failure.ts";
import { errorReasonOf } from "../routing/error-reason.ts";
import type { Failure } from "../routing/failure.ts";
import { hedgeCandidate } from "../routing/hedge-candidate.ts";
import { minUsefulMs, nextStep, reserveMs } from "../routing/next-step.ts";
import type { Candidate } from "../routing/catalog.ts";
import {
  afterBrokenStream,
  afterFailure,
  afterRotation,
  afterSkip,
  afterStart,
  afterUnpaid,
  afterWait,
  hasCalled,
  type RunState,
  startRun,
} from "../routing/run-state.ts";
import type { SkipReason } from "../routing/skip-reason.ts";
import type { Grant } from "./grant.ts";
import type { BreakerStateName } from "./permit.ts";
import type { PlannedCall } from "./planned-call.ts";
import type { RunnerOptions } from "./runner-options.ts";
import type { AttemptReason } from "./trail.ts";
import { wait } from "./wait.ts";

/** A candidate that may be called now: breakers and limiter have agreed. Its grant must be settled. */
export interface Granted {
  readonly candidate: Candidate;
  readonly grant: Grant;
  readonly reason: AttemptReason;
  /** What led here, in the words of `switchyard.attempt.cause`; undefined for a first choice. */
  readonly cause: string | undefined;
  /** As it was when it was asked. */
  readonly breakerState: BreakerStateName;
  /** Milliseconds waited before it. */
  readonly backoffMs: number;
  /** Milliseconds that it may take until its answer, or its first content. */
  readonly budgetMs: number;
  /** The budget is all the time that the call has left, not a share of it. */
  readonly budgetIsDeadline: boolean;
}

export type NextAttempt =
  | { readonly kind: "granted"; readonly granted: Granted }
  | { readonly kind: "gave-up"; readonly failure: CallFailure };

/** One call's way through its plan: does what the decisions of `routing/` say, one step at a time. */
export interface PlanRun {
  /** The next candidate that may be called, after whatever skips and waits lead there; or how the call failed. */
  readonly next: () => Promise<NextAttempt>;
  /**
   * A second candidate to be called while the first is silent; undefined where there is none, or it cannot be paid.
   * @param afford asked last, since it pays
   */
  readonly hedge: (afford: () => boolean) => Granted | undefined;
  /** From 1, over all attempts of the call, rotations included. */
  readonly takeNumber: () => number;
  /** One key failed, and another of the same upstream is tried. */
  readonly rotated: (failure: Failure) => void;
  readonly failed: (candidate: Candidate, failure: Failure) => void;
  /** Broke after content, and another candidate may start over. */
  readonly broke: (failure: Failure) => void;
  /** The failure as this call's history makes it: a second stale connection is a lost one. */
  readonly inThisCall: (failure: Failure) => Failure;
  /** How the call fails now that it was ended from outside. */
  readonly ended: () => CallFailure;
  readonly state: () => RunState;
}

export function createPlanRun(options: RunnerOptions, call: PlannedCall): PlanRun {
  const { fleet, config, now, random, draining } = options;
  const { plan, route, trail, limits } = call;
  let state = startRun(plan);
  let numbers = 0;
  let backoff = 0;
  let broken = false;

  const skip = (candidate: Candidate, why: SkipReason): void => {
    const { id } = candidate.deployment;
    const { breakerState } = fleet.readiness(id);
    trail.add({ kind: "skip", deployment: id, skip: why, breakerState });
    route.skipped(candidate.deployment, why);
    state = afterSkip(state, candidate, why);
  };

  const reasonOf = (candidate: Candidate): AttemptReason => {
    const { id, upstream } = candidate.deployment;
    if (state.called.has(id)) return "retry";
    if (broken) return "restart";
    const first = plan.candidates[0]?.deployment.id === id && state.attempts === 0;
    if (!first) return "fallback";
    if (plan.pinned) return "pinned";
    return plan.arm === "canary" && upstream === options.catalog.canary?.canary ? "canary" : "primary";
  };

  const ended = (): CallFailure => ({
    kind: call.ending() ?? "cancelled",
    failure: state.failures.at(-1),
    retryAfterMs: call.ending() === "draining" ? 1000 : undefined,
    contentSent: false,
    retriesSpent: state.attempts > 1,
  });

  /** Undefined where somebody took the room meanwhile: then the candidate was skipped. */
  const grantOf = (
    candidate: Candidate,
    { budgetMs, budgetIsDeadline }: Pick<Granted, "budgetMs" | "budgetIsDeadline">,
  ): Granted | undefined => {
    const { id, upstream } = candidate.deployment;
    const { breakerState } = fleet.readiness(id);
    const grant = fleet.acquire(id, now() + budgetMs);
    if (grant === undefined) {
      skip(candidate, fleet.readiness(id).skip ?? "at-capacity");
      return undefined;
    }
    if (!hasCalled(state, upstream)) fleet.budget(upstream).firstAttempt();
    const granted: Granted = {
      candidate,
      grant,
      reason: reasonOf(candidate),
      cause: causeOf(state),
      breakerState,
      backoffMs: backoff,
      budgetMs,
      budgetIsDeadline,
    };
    backoff = 0;
    state = afterStart(state, candidate);
    return granted;
  };

  return {
    next: async () => {
      for (;;) {
        if (call.signal.aborted) return { kind: "gave-up", failure: ended() };
        const step = nextStep(plan, state, {
          now: now(),
          deadline: limits.deadline,
          allowanceMs: limits.allowanceMs,
          draining: draining.aborted,
          maxAttempts: limits.maxAttempts,
          backoff: config.retry,
          readiness: fleet.readiness,
          random,
        });
        switch (step.kind) {
          case "skip":
            skip(step.candidate, step.skip);
            break;
          case "wait":
            route.backoff(step.ms, step.why);
            backoff += step.ms;
            await wait(step.ms, options.setTimer, [call.signal, draining]);
            state = afterWait(state);
            break;
          case "give-up":
            return { kind: "gave-up", failure: callFailure(state, step.why, step.retryAfterMs) };
          case "attempt": {
            const { candidate, repeated } = step;
            if (repeated && !fleet.budget(candidate.deployment.upstream).take()) {
              route.skipped(candidate.deployment, "retry-budget");
              state = afterUnpaid(state, candidate);
              break;
            }
            const granted = grantOf(candidate, step);
            if (granted !== undefined) return { kind: "granted", granted };
          }
        }
      }
    },
    hedge: (afford) => {
      const ready = (id: string): boolean => {
        const { skip: why, breakerState } = fleet.readiness(id);
        return why === undefined && breakerState === "closed";
      };
      const candidate = hedgeCandidate(state, limits.maxAttempts, ready);
      if (candidate === undefined) return undefined;
      const { allowanceMs, deadline } = limits;
      const budgetMs = deadline - now() - reserveMs(allowanceMs);
      const { upstream } = candidate.deployment;
      if (budgetMs <= minUsefulMs(allowanceMs) || !afford() || !fleet.budget(upstream).take())
        return undefined;
      const granted = grantOf(candidate, { budgetMs, budgetIsDeadline: true });
      return granted && { ...granted, reason: "hedge" };
    },
    takeNumber: () => (numbers += 1),
    rotated: (failure) => {
      state = afterRotation(state, failure);
    },
    failed: (candidate, failure) => {
      state = afterFailure(plan, state, candidate, failure);
    },
    broke: (failure) => {
      broken = true;
      state = afterBrokenStream(state, failure);
    },
    inThisCall: (failure) =>
      failure.kind === "stale-connection" && state.sameNowTaken
        ? { ...failure, kind: "connection-lost" }
        : failure,
    ended,
    state: () => state,
  };
}

/** What led to the next attempt. */
function causeOf({ failures, skips }: RunState): string | undefined {
  const last = failures.at(-1);
  if (last === undefined) return skips.at(-1)?.replaceAll("-", "_");
  return errorReasonOf(last.kind)
    .toLowerCase()
    .replace(/^upstream_/, "");
}
