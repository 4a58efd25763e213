import { type Context, context, type Span, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Deployment, TierName } from "../routing/catalog.ts";
import { runBriefly } from "./async-context.ts";
import { boundedText } from "./bounded-text.ts";
import { type CallSummary, callSummaryOf } from "./call-summary.ts";
import { emitEvent } from "./emit-event.ts";
import { eventAttribute, eventName, genAi, metricLabel, switchyard } from "./names.ts";
import { type Recording, recordingOf } from "./recording.ts";
import type { SpanSource } from "./span-source.ts";
import { usdOf } from "./usd.ts";
import { wireWord } from "./wire-word.ts";

/** What is known when the plan stands, before the first attempt. */
export interface RouteFacts {
  /** The decision's id, as the caller sees it. */
  readonly routeId: string;
  readonly configRevision: string;
  /** The model as the caller wrote it; undefined where it named none. */
  readonly requestModel: string | undefined;
  readonly tier: TierName | undefined;
  /** What decided over fallback, a word of a small closed set such as `configured`, `none`, `chain`. */
  readonly policy: string;
  readonly arm: "stable" | "canary";
  /** Upstream that the canary tries; undefined without a canary. */
  readonly canaryName: string | undefined;
  readonly weightBasisPoints: number | undefined;
  /** Deployment ids, in the plan's order. */
  readonly candidates: readonly string[];
  readonly deadlineRemainingMs: number;
  /** True where the answer is a stream. */
  readonly stream: boolean;
}

export type RouteOutcome =
  | "primary"
  | "retried"
  | "fallback"
  | "hedged"
  | "exhausted"
  | "rejected"
  | "partial"
  | "cancelled";

// What the collector's tail sampling keeps whole: every call that needed a decision (docs: policy `decisions`).
const worthKeeping: ReadonlySet<RouteOutcome> = new Set([
  "retried",
  "fallback",
  "hedged",
  "exhausted",
  "rejected",
  "partial",
]);

/** How the loop over candidates ended. */
export interface RouteSummary {
  readonly outcome: RouteOutcome;
  /** The RouteReason in lower case, such as `fallback`; undefined where nothing served. */
  readonly reason: string | undefined;
  readonly servedModel: string | undefined;
  /** Key rotations included. */
  readonly attempts: number;
  readonly retries: number;
  /** Index in the plan of the candidate that served; 0 for the first. */
  readonly fallbackDepth: number;
  /** Of all attempts; undefined where none was priced. */
  readonly costNanos: bigint | undefined;
}

/** The span around the whole loop; wall time minus attempts is our overhead and backoff. */
export interface RouteSpan {
  readonly source: SpanSource;
  readonly facts: RouteFacts;
  /** The call's: 32 hex digits, for `RouteDecision.trace_id` and the ledger. */
  readonly traceId: string;
  readonly context: Context;
  /** Runs at once inside its context. */
  run(work: () => void): void;
  /** A candidate was passed over. @param reason a skip reason such as `breaker-open` */
  skipped(candidate: Pick<Deployment, "id" | "model">, reason: string): void;
  /** A wait begins. @param why such as `retry-after` or `round` */
  backoff(ms: number, why: string): void;
  /** The first content goes to the caller; later ones do nothing. */
  firstMessage(): void;
  /** Ends it once and says its summary on the SERVER span too. */
  end(summary: RouteSummary): void;
}

/** Starts the route's span below the active call's, and says on the SERVER span what is known already. */
export function startRouteSpan(source: SpanSource, facts: RouteFacts): RouteSpan {
  return new StartedRoute(source, facts, context.active());
}

class StartedRoute implements RouteSpan {
  readonly source: SpanSource;
  readonly facts: RouteFacts;
  readonly traceId: string;
  readonly context: Context;
  readonly #span: Span;
  readonly #recording: Recording | undefined;
  readonly #call: CallSummary | undefined;
  readonly #startedAt: number;
  /** Undefined: nobody. */
  #skipped: string[] | undefined;
  #backoffTotalMs = 0;
  #firstMessageSeen = false;
  #ended = false;

  constructor(source: SpanSource, facts: RouteFacts, parent: Context) {
    const { tracer, instruments, now } = source;
    this.source = source;
    this.facts = facts;
    this.#call = callSummaryOf(parent);
    this.#startedAt = this.#call?.startedAt ?? now();
    this.#span = tracer.startSpan("route", { kind: SpanKind.INTERNAL }, parent);
    this.#recording = recordingOf(this.#span);
    if (this.#recording !== undefined) sayRoute(this.#recording, facts);
    this.traceId = this.#span.spanContext().traceId;
    this.context = trace.setSpan(parent, this.#span);
    if (this.#call !== undefined) sayCall(this.#call, facts);
    if (facts.stream) instruments.streamActive.add(1, { [metricLabel.tier]: this.#tier });
  }

  get #tier(): string {
    return this.facts.tier ?? "none";
  }

  run(work: () => void): void {
    runBriefly(this.context, work);
  }

  skipped(candidate: Pick<Deployment, "id" | "model">, reason: string): void {
    const why = wireWord(reason);
    (this.#skipped ??= []).push(`${candidate.model}:${why}`);
    emitEvent(this.#span, eventName.candidateSkipped, {
      [eventAttribute.candidate]: candidate.id,
      [eventAttribute.reason]: why,
    });
    this.source.instruments.candidatesSkipped.add(1, {
      [genAi.requestModel]: candidate.model,
      [metricLabel.reason]: why,
    });
  }

  backoff(ms: number, why: string): void {
    this.#backoffTotalMs += ms;
    emitEvent(this.#span, eventName.backoff, {
      [eventAttribute.backoffDuration]: ms / 1000,
      [eventAttribute.reason]: wireWord(why),
    });
    this.source.instruments.routeBackoff.record(ms / 1000, this.#tier);
  }

  firstMessage(): void {
    if (this.#firstMessageSeen || this.#ended) return;
    this.#firstMessageSeen = true;
    const { instruments, now } = this.source;
    const seconds = (now() - this.#startedAt) / 1000;
    this.#call?.say(switchyard.timeToFirstMessage, seconds);
    instruments.timeToFirstMessage.record(seconds, this.#tier);
  }

  end(summary: RouteSummary): void {
    if (this.#ended) return;
    this.#ended = true;
    const { facts } = this;
    const { instruments } = this.source;
    if (this.#recording !== undefined) this.#sayEnd(this.#recording, summary);
    // A rescued call is no error: only a route that found nobody is.
    if (summary.outcome === "exhausted") this.#span.setStatus({ code: SpanStatusCode.ERROR });
    this.#span.end();
    if (this.#call !== undefined) sayCallEnd(this.#call, facts, summary);
    instruments.routeRequests.add(1, this.#tier, summary.outcome, facts.arm);
    if (facts.stream) instruments.streamActive.add(-1, { [metricLabel.tier]: this.#tier });
  }

  #sayEnd(span: Recording, summary: RouteSummary): void {
    sayServed(span, summary);
    span.say(switchyard.routeAttempts, summary.attempts);
    span.say(switchyard.routeRetries, summary.retries);
    span.say(switchyard.routeFallbackDepth, summary.fallbackDepth);
    span.say(switchyard.routeBackoffTotal, this.#backoffTotalMs / 1000);
    // Never an empty array: there are backends that refuse the whole batch for one (trace-backend.test.ts).
    span.say(switchyard.routeSkipped, this.#skipped);
    span.say(switchyard.routeReason, summary.reason);
  }
}

function sayRoute(span: Recording, facts: RouteFacts): void {
  const { candidates, weightBasisPoints } = facts;
  span.say(switchyard.routePolicy, facts.policy);
  span.say(switchyard.routePolicyVersion, facts.configRevision);
  span.say(switchyard.routeCandidates, candidates.length === 0 ? undefined : [...candidates]);
  span.say(switchyard.routeDeadlineRemaining, Math.max(0, facts.deadlineRemainingMs) / 1000);
  span.say(switchyard.canaryArm, facts.arm);
  span.say(switchyard.routeTier, facts.tier);
  span.say(switchyard.canaryName, facts.canaryName);
  span.say(switchyard.canaryWeight, weightBasisPoints === undefined ? undefined : weightBasisPoints / 10_000);
}

function sayCall(call: Recording, facts: RouteFacts): void {
  call.say(switchyard.routeId, facts.routeId);
  call.say(switchyard.configRevision, facts.configRevision);
  // The one place for a caller's own string: names of spans and labels of metrics take configured ids only.
  call.say(switchyard.requestModel, boundedText(facts.requestModel));
}

function sayCallEnd(call: Recording, facts: RouteFacts, summary: RouteSummary): void {
  const { costNanos } = summary;
  sayServed(call, summary);
  call.say(switchyard.routeAttempts, summary.attempts);
  call.say(switchyard.keep, facts.arm === "canary" || worthKeeping.has(summary.outcome));
  call.say(switchyard.costAmount, costNanos === undefined ? undefined : usdOf(costNanos));
}

function sayServed(span: Recording, summary: RouteSummary): void {
  span.say(switchyard.routeOutcome, summary.outcome);
  span.say(switchyard.routeServedModel, summary.servedModel);
}
