import { type CallFailure, callFailure } from "../routing/call-failure.ts";
import { errorReasonOf } from "../routing/error-reason.ts";
import type { Failure } from "../routing/failure.ts";
import { hedgeCandidate } from "../routing/hedge-candidate.ts";
import { minUsefulMs, nextStep, reserveMs, type Step } from "../routing/next-step.ts";
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
  | { readonly kind: "gave-up"; readonly failure: CallFailure }
  | Wait;

type Wait = Extract<Step, { kind: "wait" }>;

/** One call's way through its plan: does what the decisions of `routing/` say, one step at a time. */
export interface PlanRun {
  /** The next candidate that may be called, after whatever skips lead there; a wait before it; or how the call failed. */
  next(): NextAttempt;
  /** Waits as `next` says; shorter where the call ends or the gateway drains. */
  wait(step: Wait): Promise<void>;
  /**
   * A second candidate to be called while the first is silent; undefined where there is none, or it cannot be paid.
   * @param afford asked last, since it pays
   */
  hedge(afford: () => boolean): Granted | undefined;
  /** From 1, over all attempts of the call, rotations included. */
  takeNumber(): number;
  /** One key failed, and another of the same upstream is tried. */
  rotated(failure: Failure): void;
  failed(candidate: Candidate, failure: Failure): void;
  /** Broke after content, and another candidate may start over. */
  broke(failure: Failure): void;
  /** The failure as this call's history makes it: a second stale connection is a lost one. */
  inThisCall(failure: Failure): Failure;
  /** How the call fails now that it was ended from outside. */
  ended(): CallFailure;
  state(): RunState;
}

export function createPlanRun(options: RunnerOptions, call: PlannedCall): PlanRun {
  return new CallRun(options, call);
}

class CallRun implements PlanRun {
  readonly #options: RunnerOptions;
  readonly #call: PlannedCall;
  #state: RunState;
  #numbers = 0;
  /** Waited since the last attempt, in milliseconds. */
  #backoffMs = 0;
  #broken = false;

  constructor(options: RunnerOptions, call: PlannedCall) {
    this.#options = options;
    this.#call = call;
    this.#state = startRun(call.plan);
  }

  next(): NextAttempt {
    const { fleet, config, now, random, draining } = this.#options;
    const { plan, limits, route, signal } = this.#call;
    for (;;) {
      if (signal.aborted) return { kind: "gave-up", failure: this.ended() };
      const step = nextStep(plan, this.#state, {
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
          this.#skip(step.candidate, step.skip);
          break;
        case "wait":
          return step;
        case "give-up":
          return { kind: "gave-up", failure: callFailure(this.#state, step.why, step.retryAfterMs) };
        case "attempt": {
          const { candidate, repeated } = step;
          if (repeated && !fleet.budget(candidate.deployment.upstream).take()) {
            route.skipped(candidate.deployment, "retry-budget");
            this.#state = afterUnpaid(this.#state, candidate);
            break;
          }
          const granted = this.#grant(candidate, step);
          if (granted !== undefined) return { kind: "granted", granted };
        }
      }
    }
  }

  async wait({ ms, why }: Wait): Promise<void> {
    const { setTimer, draining } = this.#options;
    this.#call.route.backoff(ms, why);
    this.#backoffMs += ms;
    await wait(ms, setTimer, [this.#call.signal, draining]);
    this.#state = afterWait(this.#state);
  }

  hedge(afford: () => boolean): Granted | undefined {
    const { fleet, now } = this.#options;
    const { allowanceMs, deadline, maxAttempts } = this.#call.limits;
    const ready = (id: string): boolean => {
      const { skip, breakerState } = fleet.readiness(id);
      return skip === undefined && breakerState === "closed";
    };
    const candidate = hedgeCandidate(this.#state, maxAttempts, ready);
    if (candidate === undefined) return undefined;
    const budgetMs = deadline - now() - reserveMs(allowanceMs);
    const { upstream } = candidate.deployment;
    if (budgetMs <= minUsefulMs(allowanceMs) || !afford() || !fleet.budget(upstream).take()) return undefined;
    const granted = this.#grant(candidate, { budgetMs, budgetIsDeadline: true });
    return granted && { ...granted, reason: "hedge" };
  }

  takeNumber(): number {
    return (this.#numbers += 1);
  }

  rotated(failure: Failure): void {
    this.#state = afterRotation(this.#state, failure);
  }

  failed(candidate: Candidate, failure: Failure): void {
    this.#state = afterFailure(this.#call.plan, this.#state, candidate, failure);
  }

  broke(failure: Failure): void {
    this.#broken = true;
    this.#state = afterBrokenStream(this.#state, failure);
  }

  inThisCall(failure: Failure): Failure {
    return failure.kind === "stale-connection" && this.#state.sameNowTaken
      ? { ...failure, kind: "connection-lost" }
      : failure;
  }

  ended(): CallFailure {
    const ending = this.#call.ending();
    return {
      kind: ending ?? "cancelled",
      failure: this.#state.failures.at(-1),
      retryAfterMs: ending === "draining" ? 1000 : undefined,
      contentSent: false,
      retriesSpent: this.#state.attempts > 1,
    };
  }

  state(): RunState {
    return this.#state;
  }

  /** Undefined where somebody took the room meanwhile: then the candidate was skipped. */
  #grant(
    candidate: Candidate,
    { budgetMs, budgetIsDeadline }: Pick<Granted, "budgetMs" | "budgetIsDeadline">,
  ): Granted | undefined {
    const { fleet, now } = this.#options;
    const { id, upstream } = candidate.deployment;
    const { breakerState } = fleet.readiness(id);
    const grant = fleet.acquire(id, now() + budgetMs);
    if (grant === undefined) {
      this.#skip(candidate, fleet.readiness(id).skip ?? "at-capacity");
      return undefined;
    }
    if (!hasCalled(this.#state, upstream)) fleet.budget(upstream).firstAttempt();
    const granted: Granted = {
      candidate,
      grant,
      reason: this.#reason(candidate),
      cause: causeOf(this.#state),
      breakerState,
      backoffMs: this.#backoffMs,
      budgetMs,
      budgetIsDeadline,
    };
    this.#backoffMs = 0;
    this.#state = afterStart(this.#state, candidate);
    return granted;
  }

  #skip(candidate: Candidate, why: SkipReason): void {
    const { trail, route } = this.#call;
    const { id } = candidate.deployment;
    const { breakerState } = this.#options.fleet.readiness(id);
    trail.add({ kind: "skip", deployment: id, skip: why, breakerState });
    route.skipped(candidate.deployment, why);
    this.#state = afterSkip(this.#state, candidate, why);
  }

  #reason({ deployment: { id, upstream } }: Candidate): AttemptReason {
    const { plan } = this.#call;
    if (this.#state.called.has(id)) return "retry";
    if (this.#broken) return "restart";
    const first = plan.candidates[0]?.deployment.id === id && this.#state.attempts === 0;
    if (!first) return "fallback";
    if (plan.pinned) return "pinned";
    return plan.arm === "canary" && upstream === this.#options.catalog.canary?.canary ? "canary" : "primary";
  }
}

/** What led to the next attempt. */
function causeOf({ failures, skips }: RunState): string | undefined {
  const last = failures.at(-1);
  if (last === undefined) return skips.at(-1)?.replaceAll("-", "_");
  return errorReasonOf(last.kind)
    .toLowerCase()
    .replace(/^upstream_/, "");
}
