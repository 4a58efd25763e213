import type { Usage } from "../../gen/switchyard/v1/content_pb.ts";
import { failureRules } from "../routing/failure-rules.ts";
import type { Failure } from "../routing/failure.ts";
import { type AttemptSpan, startAttemptSpan } from "../telemetry/attempt-span.ts";
import type { UpstreamCall, UpstreamResponseInfo } from "../upstream/upstream.ts";
import type { Served } from "./call-outcome.ts";
import { failureVerdict, silentVerdict, successVerdict } from "./grant-verdict.ts";
import type { GrantVerdict } from "./grant.ts";
import type { AnswerFacts, AttemptStart } from "./attempt-start.ts";
import { attemptFacts, attemptResult } from "./attempt-span-facts.ts";
import { createLimitTimer, type LimitTimer } from "./limit-timer.ts";
import type { Granted } from "./plan-run.ts";
import type { PlannedCall } from "./planned-call.ts";
import type { AttemptPricing } from "./price-attempt.ts";
import type { RunnerOptions } from "./runner-options.ts";
import { countsAgainstUpstream, timeoutFailure } from "./timeout-failure.ts";
import type { AttemptCost, AttemptEntry, AttemptReason } from "./trail.ts";
import { estimatedUsage } from "./usage-estimate.ts";

/** How an attempt failed, and what it says of others. */
export interface AttemptFailure {
  readonly failure: Failure;
  /** Undefined: the visit goes on with another key, and keeps its grant. */
  readonly verdict: GrantVerdict | undefined;
  /** What had come before; undefined: nothing that anybody bills. */
  readonly partial: AnswerFacts | undefined;
  /** What the key is told where it differs: a stream that broke for a rate limit breaks for the key's sake. */
  readonly keyFailure?: Failure | undefined;
}

/** One call to one candidate with one key, from its start to its one end. */
export interface OngoingAttempt {
  readonly number: number;
  readonly granted: Granted;
  /** Why an answer of it would come from there. */
  readonly reason: AttemptReason;
  readonly span: AttemptSpan;
  readonly limits: LimitTimer;
  readonly upstreamCall: UpstreamCall;
  /** Ends the request; what comes of it is nobody's failure. For the loser of a hedge. */
  readonly abandon: () => void;
  /** Its answer, or first content, is there: true where it is wanted, false where a hedge was faster. */
  readonly claim: () => boolean;
  /** Ends the request, whose answer cannot be used. */
  readonly stop: () => void;
  /** What the response headers said. */
  readonly learn: (info: UpstreamResponseInfo) => void;
  /** The first content is there. */
  readonly firstContent: () => void;
  /** What a failure of the request is, given how we ended it ourselves; and whether it counts against the upstream. */
  readonly judge: (failure: Failure) => { readonly failure: Failure; readonly verdict: GrantVerdict };
  readonly succeed: (answer: AnswerFacts) => Served;
  readonly fail: (end: AttemptFailure) => AttemptEntry;
}

/** Starts the span, the limits and the signal of an attempt. Ends exactly once, by `succeed` or `fail`. */
export function startAttempt(
  options: RunnerOptions,
  pricing: AttemptPricing,
  call: PlannedCall,
  start: AttemptStart,
): OngoingAttempt {
  const { now, wallClock } = options;
  const { granted, number, lease } = start;
  const { candidate, grant } = granted;
  const { deployment, model } = candidate;
  const startedAt = now();
  const startedWall = wallClock();
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  const limits = createLimitTimer(now, options.setTimer, stop);
  const span = startAttemptSpan(call.route, attemptFacts(options, call, start));
  let info: UpstreamResponseInfo | undefined;
  let firstTokenMs: number | undefined;
  let abandoned = false;

  if (call.signal.aborted) stop();
  else call.signal.addEventListener("abort", stop);

  const entryOf = (
    outcome: AttemptEntry["outcome"],
    failure: Failure | undefined,
    usage: Usage | undefined,
    cost: AttemptCost | undefined,
  ): AttemptEntry => ({
    kind: "attempt",
    number,
    deployment: deployment.id,
    model: model.id,
    upstream: deployment.upstream,
    reason: start.rotation > 0 ? "retry" : granted.reason,
    outcome,
    failure,
    breakerState: granted.breakerState,
    keyId: lease.key.id,
    startedAt: startedWall,
    backoffMs: start.rotation > 0 ? 0 : granted.backoffMs,
    latencyMs: now() - startedAt,
    firstTokenMs,
    usage,
    cost,
  });

  const close = (
    entry: AttemptEntry,
    answer: AnswerFacts | undefined,
    verdict: GrantVerdict | undefined,
    keyFailure: Failure | undefined,
  ): void => {
    limits.cancel();
    call.signal.removeEventListener("abort", stop);
    lease.settle(keyFailure, info?.quota);
    // Inside the span, so that a breaker that opens now is an event of this attempt.
    if (verdict !== undefined) span.run(() => grant.settle(verdict));
    call.trail.add(entry);
    span.end(attemptResult(entry, answer, info, pricing.version, start.stream && firstTokenMs !== undefined));
    options.onAttempt(entry, call);
  };

  return {
    number,
    granted,
    reason: routeReason(start),
    span,
    limits,
    upstreamCall: {
      upstreamModel: deployment.upstreamModel,
      input: call.input,
      key: lease.key,
      signal: controller.signal,
      headers: span.traceHeaders(),
    },
    abandon: () => {
      abandoned = true;
      stop();
    },
    claim: () => {
      if (!abandoned && start.claim?.() === false) abandoned = true;
      return !abandoned;
    },
    stop,
    learn: (heard) => {
      info = heard;
    },
    firstContent: () => {
      firstTokenMs = now() - startedAt;
      span.firstToken(firstTokenMs);
      span.run(() => grant.committed());
    },
    judge: (failure) => {
      if (abandoned) return { failure: { ...failure, kind: "cancelled" }, verdict: silentVerdict };
      if (call.signal.aborted) {
        const kind = call.ending() ?? "cancelled";
        const message = "the call was ended before the upstream's answer was whole";
        return { failure: { ...failure, kind, message }, verdict: silentVerdict };
      }
      const expired = limits.expired();
      if (expired === undefined) return { failure, verdict: failureVerdict(failure) };
      const runOut = { ...expired, isDeadline: start.timeoutIsDeadline };
      const timeout = timeoutFailure(runOut, call.limits);
      const counts = timeout.kind === "timeout" && countsAgainstUpstream(runOut, call.limits, model);
      return { failure: timeout, verdict: counts ? failureVerdict(timeout) : silentVerdict };
    },
    succeed: (answer) => {
      const usage = answer.usage ?? estimatedUsage(call.inputTokens, answer.outputTokens);
      const cost = pricing.cost(candidate, usage, answer.modelVersion);
      const attempt = entryOf("succeeded", undefined, usage, cost);
      close(attempt, answer, successVerdict, undefined);
      return { usage, cost, attempt, reason: routeReason(start) };
    },
    fail: ({ failure, verdict, partial: seen, keyFailure = failure }) => {
      // The loser of a race was asked, and will be billed, for the prompt at least.
      const partial = abandoned ? (seen ?? nothingYet) : seen;
      const usage = partial && (partial.usage ?? estimatedUsage(call.inputTokens, partial.outputTokens));
      const cost = usage && pricing.cost(candidate, usage, partial?.modelVersion ?? "");
      const entry = entryOf(abandoned ? "hedge-lost" : outcomeOf(failure), failure, usage, cost);
      heed(options, deployment.id, keyFailure);
      close(entry, partial, verdict, keyFailure);
      return entry;
    },
  };
}

/** A word on when to come back that is about the deployment, not about a key. */
function heed({ fleet, now }: RunnerOptions, deploymentId: string, { kind, retryAfterMs }: Failure): void {
  if (retryAfterMs === undefined || failureRules[kind].breaker !== "failure") return;
  fleet.holdUntil(deploymentId, now() + retryAfterMs);
}

const nothingYet: AnswerFacts = {
  id: undefined,
  modelVersion: "",
  usage: undefined,
  outputTokens: 0,
  finishReasons: [],
  chunks: undefined,
};

function outcomeOf({ kind }: Failure): AttemptEntry["outcome"] {
  if (kind === "cancelled" || kind === "draining") return "cancelled";
  return kind === "timeout" || kind === "deadline-exceeded" ? "timed-out" : "failed";
}

/** Why an answer comes from this attempt's deployment. */
function routeReason({ granted, rotation }: Pick<AttemptStart, "granted" | "rotation">): AttemptReason {
  const { reason } = granted;
  const first = reason === "primary" || reason === "canary" || reason === "pinned";
  return rotation > 0 && first ? "retry" : reason;
}
