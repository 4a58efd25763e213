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
  abandon(): void;
  /** Its answer, or first content, is there: true where it is wanted, false where a hedge was faster. */
  claim(): boolean;
  /** Ends the request, whose answer cannot be used. */
  stop(): void;
  /** What the response headers said. */
  learn(info: UpstreamResponseInfo): void;
  /** The first content is there. */
  firstContent(): void;
  /** What a failure of the request is, given how we ended it ourselves; and whether it counts against the upstream. */
  judge(failure: Failure): { readonly failure: Failure; readonly verdict: GrantVerdict };
  succeed(answer: AnswerFacts): Served;
  fail(end: AttemptFailure): AttemptEntry;
}

/** Starts the span, the limits and the signal of an attempt. Ends exactly once, by `succeed` or `fail`. */
export function startAttempt(
  options: RunnerOptions,
  pricing: AttemptPricing,
  call: PlannedCall,
  start: AttemptStart,
): OngoingAttempt {
  return new StartedAttempt(options, pricing, call, start);
}

class StartedAttempt implements OngoingAttempt {
  readonly span: AttemptSpan;
  readonly limits: LimitTimer;
  readonly upstreamCall: UpstreamCall;
  /** A function of its own, as it listens to the call's signal. */
  readonly stop: () => void;
  readonly #options: RunnerOptions;
  readonly #pricing: AttemptPricing;
  readonly #call: PlannedCall;
  readonly #start: AttemptStart;
  readonly #startedAt: number;
  readonly #startedWall: number;
  #info: UpstreamResponseInfo | undefined;
  #firstTokenMs: number | undefined;
  #abandoned = false;

  constructor(options: RunnerOptions, pricing: AttemptPricing, call: PlannedCall, start: AttemptStart) {
    this.#options = options;
    this.#pricing = pricing;
    this.#call = call;
    this.#start = start;
    this.#startedAt = options.now();
    this.#startedWall = options.wallClock();
    const controller = new AbortController();
    this.stop = () => controller.abort();
    this.limits = createLimitTimer(options.now, options.setTimer, this.stop);
    this.span = startAttemptSpan(call.route, attemptFacts(options, call, start));
    if (call.signal.aborted) this.stop();
    else call.signal.addEventListener("abort", this.stop);
    this.upstreamCall = {
      upstreamModel: start.granted.candidate.deployment.upstreamModel,
      input: call.input,
      key: start.lease.key,
      signal: controller.signal,
      headers: this.span.traceHeaders(),
    };
  }

  get number(): number {
    return this.#start.number;
  }

  get granted(): Granted {
    return this.#start.granted;
  }

  get reason(): AttemptReason {
    return routeReason(this.#start);
  }

  abandon(): void {
    this.#abandoned = true;
    this.stop();
  }

  claim(): boolean {
    if (!this.#abandoned && this.#start.claim?.() === false) this.#abandoned = true;
    return !this.#abandoned;
  }

  learn(info: UpstreamResponseInfo): void {
    this.#info = info;
  }

  firstContent(): void {
    this.#firstTokenMs = this.#options.now() - this.#startedAt;
    this.span.firstToken(this.#firstTokenMs);
    this.span.run(() => this.granted.grant.committed());
  }

  judge(failure: Failure): { readonly failure: Failure; readonly verdict: GrantVerdict } {
    const call = this.#call;
    if (this.#abandoned) return { failure: { ...failure, kind: "cancelled" }, verdict: silentVerdict };
    if (call.signal.aborted) {
      const kind = call.ending() ?? "cancelled";
      const message = "the call was ended before the upstream's answer was whole";
      return { failure: { ...failure, kind, message }, verdict: silentVerdict };
    }
    const expired = this.limits.expired();
    if (expired === undefined) return { failure, verdict: failureVerdict(failure) };
    const runOut = { ...expired, isDeadline: this.#start.timeoutIsDeadline };
    const timeout = timeoutFailure(runOut, call.limits);
    const { model } = this.granted.candidate;
    const counts = timeout.kind === "timeout" && countsAgainstUpstream(runOut, call.limits, model);
    return { failure: timeout, verdict: counts ? failureVerdict(timeout) : silentVerdict };
  }

  succeed(answer: AnswerFacts): Served {
    const usage = answer.usage ?? estimatedUsage(this.#call.inputTokens, answer.outputTokens);
    const cost = this.#pricing.cost(this.granted.candidate, usage, answer.modelVersion);
    const attempt = this.#entry("succeeded", undefined, usage, cost);
    this.#close(attempt, answer, successVerdict, undefined);
    return { usage, cost, attempt, reason: this.reason };
  }

  fail({ failure, verdict, partial: seen, keyFailure = failure }: AttemptFailure): AttemptEntry {
    const { candidate } = this.granted;
    // The loser of a race was asked, and will be billed, for the prompt at least.
    const partial = this.#abandoned ? (seen ?? nothingYet) : seen;
    const usage = partial && (partial.usage ?? estimatedUsage(this.#call.inputTokens, partial.outputTokens));
    const cost = usage && this.#pricing.cost(candidate, usage, partial?.modelVersion ?? "");
    const entry = this.#entry(this.#abandoned ? "hedge-lost" : outcomeOf(failure), failure, usage, cost);
    heed(this.#options, candidate.deployment.id, keyFailure);
    this.#close(entry, partial, verdict, keyFailure);
    return entry;
  }

  #entry(
    outcome: AttemptEntry["outcome"],
    failure: Failure | undefined,
    usage: Usage | undefined,
    cost: AttemptCost | undefined,
  ): AttemptEntry {
    const { granted, number, rotation, lease } = this.#start;
    const { deployment, model } = granted.candidate;
    return {
      kind: "attempt",
      number,
      deployment: deployment.id,
      model: model.id,
      upstream: deployment.upstream,
      reason: rotation > 0 ? "retry" : granted.reason,
      outcome,
      failure,
      breakerState: granted.breakerState,
      keyId: lease.key.id,
      startedAt: this.#startedWall,
      backoffMs: rotation > 0 ? 0 : granted.backoffMs,
      latencyMs: this.#options.now() - this.#startedAt,
      firstTokenMs: this.#firstTokenMs,
      usage,
      cost,
    };
  }

  #close(
    entry: AttemptEntry,
    answer: AnswerFacts | undefined,
    verdict: GrantVerdict | undefined,
    keyFailure: Failure | undefined,
  ): void {
    const { granted, lease, stream } = this.#start;
    const call = this.#call;
    this.limits.cancel();
    call.signal.removeEventListener("abort", this.stop);
    lease.settle(keyFailure, this.#info?.quota);
    // Inside the span, so that a breaker that opens now is an event of this attempt.
    if (verdict !== undefined) this.span.run(() => granted.grant.settle(verdict));
    call.trail.add(entry);
    const contentSeen = stream && this.#firstTokenMs !== undefined;
    this.span.end(attemptResult(entry, answer, this.#info, this.#pricing.version, contentSeen));
    this.#options.onAttempt(entry, call);
  }
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
