import type { Candidate } from "../routing/catalog.ts";
import { failureRules } from "../routing/failure-rules.ts";
import type { Failure } from "../routing/failure.ts";
import { minUsefulMs } from "../routing/next-step.ts";
import type { AttemptSpan } from "../telemetry/attempt-span.ts";
import type { KeyLease, LeasedKey } from "../upstream/key-pool.ts";
import { silentVerdict } from "./grant-verdict.ts";
import type { AnswerFacts } from "./attempt-start.ts";
import { type OngoingAttempt, startAttempt } from "./ongoing-attempt.ts";
import type { Granted, PlanRun } from "./plan-run.ts";
import type { CallLimits, PlannedCall } from "./planned-call.ts";
import type { AttemptPricing } from "./price-attempt.ts";
import type { RunnerOptions } from "./runner-options.ts";

/** What one attempt came to: `won` is an answer, or a stream with content, whose attempt goes on. */
export type Opened<T> =
  | { readonly kind: "won"; readonly value: T }
  | { readonly kind: "failed"; readonly failure: Failure; readonly partial?: AnswerFacts | undefined };

/** How attempts of one kind, unary or streamed, are made. */
export interface AttemptKind<T> {
  readonly stream: boolean;
  /** The attempt's own limit until its answer, or its first content; the call's budget may be shorter. */
  readonly limitMs: (granted: Granted, limits: CallLimits) => number;
  readonly open: (attempt: OngoingAttempt) => Promise<Opened<T>>;
}

/**
 * How a visit ended. Its attempts and its grant are settled, the ones of a `won` stream excepted. Of a failure the run
 * is still to be told.
 */
export type Visited<T> =
  | { readonly kind: "won"; readonly value: T }
  | { readonly kind: "failed"; readonly candidate: Candidate; readonly failure: Failure };

/** What a visit is made with. */
export interface Visit<T> {
  readonly options: RunnerOptions;
  readonly pricing: AttemptPricing;
  readonly call: PlannedCall;
  readonly run: PlanRun;
  readonly granted: Granted;
  readonly attempts: AttemptKind<T>;
  /** The span of the attempt that this visit hedges. */
  readonly hedgeOf?: AttemptSpan | undefined;
  /** Whether an answer of this visit is still wanted; asked when it is there. Left out: it is. */
  readonly claim?: (() => boolean) | undefined;
  /** Told of each attempt as it starts: whoever hedges ends the loser. */
  readonly onStart?: ((attempt: OngoingAttempt) => void) | undefined;
}

/** Keys that one visit tries at most: what three distinct keys are refused, a fourth will be too. */
const mostKeys = 3;

const noKeys: ReadonlySet<LeasedKey> = new Set();

/**
 * Calls one candidate, with another of its keys at once where a key is what failed. All of it is one visit: one
 * permit, one charge, as many attempts as keys.
 */
export async function visitCandidate<T>(visit: Visit<T>): Promise<Visited<T>> {
  const { options, granted, attempts } = visit;
  const { candidate } = granted;
  const visitEnds = options.now() + granted.budgetMs;
  let tried = noKeys;
  let lease = keyFor(visit, tried);
  if (lease === undefined) {
    granted.grant.settle(silentVerdict);
    return { kind: "failed", candidate, failure: noKeyLeft };
  }
  let attempt: OngoingAttempt | undefined;
  try {
    for (let rotation = 0; ; rotation++) {
      attempt = startWith(visit, lease, rotation, visitEnds);
      const opened = await attempts.open(attempt);
      if (opened.kind === "won") return opened;
      tried = new Set(tried).add(lease.key);
      const ended: FailedAttempt = endFailed(visit, attempt, opened, tried, visitEnds);
      if (ended.next === undefined) return { kind: "failed", candidate, failure: ended.failure };
      lease = ended.next;
    }
  } catch (bug) {
    // The permit must not stay with it.
    attempt?.limits.cancel();
    granted.grant.settle(silentVerdict);
    throw bug;
  }
}

function keyFor<T>({ options, granted }: Visit<T>, tried: ReadonlySet<LeasedKey>): KeyLease | undefined {
  const { deployment } = granted.candidate;
  return options.fleet.upstream(deployment.upstream).keys.pick(deployment.upstreamModel, tried);
}

/** @param visitEnds instant */
function startWith<T>(visit: Visit<T>, lease: KeyLease, rotation: number, visitEnds: number): OngoingAttempt {
  const { options, pricing, call, run, granted, attempts } = visit;
  const leftMs = Math.max(1, visitEnds - options.now());
  const limitMs = attempts.limitMs(granted, call.limits);
  const timeoutMs = Math.min(limitMs, leftMs);
  const attempt = startAttempt(options, pricing, call, {
    granted,
    number: run.takeNumber(),
    lease,
    rotation,
    timeoutMs,
    timeoutIsDeadline: granted.budgetIsDeadline && leftMs <= limitMs,
    stream: attempts.stream,
    hedgeOf: visit.hedgeOf,
    claim: visit.claim,
  });
  visit.onStart?.(attempt);
  attempt.limits.set(attempts.stream ? "first-token" : "attempt", timeoutMs);
  return attempt;
}

interface FailedAttempt {
  readonly failure: Failure;
  /** Another key to go on with; undefined: the visit is over. */
  readonly next: KeyLease | undefined;
}

/** @param tried keys, the one of this attempt included */
function endFailed<T>(
  visit: Visit<T>,
  attempt: OngoingAttempt,
  opened: Extract<Opened<T>, { kind: "failed" }>,
  tried: ReadonlySet<LeasedKey>,
  visitEnds: number,
): FailedAttempt {
  const judged = attempt.judge(opened.failure);
  const failure = visit.run.inThisCall(judged.failure);
  const verdict = failure === judged.failure ? judged.verdict : attempt.judge(failure).verdict;
  const mayRotate = failureRules[failure.kind].rotates && tried.size < mostKeys && mayGoOn(visit, visitEnds);
  const next = mayRotate ? keyFor(visit, tried) : undefined;
  if (next !== undefined) attempt.span.keyRotated(attempt.upstreamCall.key.id, next.key.id);
  attempt.fail({ failure, verdict: next === undefined ? verdict : undefined, partial: opened.partial });
  if (next !== undefined) visit.run.rotated(failure);
  return { failure, next };
}

/** Whether another attempt may start in this visit: what would refuse it a grant now refuses it another key, too. */
function mayGoOn<T>({ options, call, granted }: Visit<T>, visitEnds: number): boolean {
  const { now, fleet, draining } = options;
  if (draining.aborted || visitEnds - now() <= minUsefulMs(call.limits.allowanceMs)) return false;
  const { readyAt, breakerState } = fleet.readiness(granted.candidate.deployment.id);
  // A probe finds its breaker half-open: by itself.
  return granted.grant.probe ? breakerState !== "open" : readyAt <= now();
}

/** Between the question whether a key is usable and its taking, another call spent the last one. */
const noKeyLeft: Failure = {
  kind: "rate-limited",
  message: "every key of the upstream rests for this model",
  httpStatus: undefined,
  upstreamCode: undefined,
  upstreamRequestId: undefined,
  retryAfterMs: undefined,
};
