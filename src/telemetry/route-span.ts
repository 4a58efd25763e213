import { type Context, context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Deployment, TierName } from "../routing/catalog.ts";
import { runBriefly } from "./async-context.ts";
import { boundedText } from "./bounded-text.ts";
import { callSummaryOf } from "./call-summary.ts";
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
  readonly run: (work: () => void) => void;
  /** A candidate was passed over. @param reason a skip reason such as `breaker-open` */
  readonly skipped: (candidate: Pick<Deployment, "id" | "model">, reason: string) => void;
  /** A wait begins. @param why such as `retry-after` or `round` */
  readonly backoff: (ms: number, why: string) => void;
  /** The first content goes to the caller; later ones do nothing. */
  readonly firstMessage: () => void;
  /** Ends it once and says its summary on the SERVER span too. */
  readonly end: (summary: RouteSummary) => void;
}

/** Starts the route's span below the active call's, and says on the SERVER span what is known already. */
export function startRouteSpan(source: SpanSource, facts: RouteFacts): RouteSpan {
  const { tracer, instruments, now } = source;
  const parent = context.active();
  const call = callSummaryOf(parent);
  const startedAt = call?.startedAt ?? now();
  const span = tracer.startSpan("route", { kind: SpanKind.INTERNAL }, parent);
  const recording = recordingOf(span);
  if (recording !== undefined) sayRoute(recording, facts);
  const inside = trace.setSpan(parent, span);
  const tier = facts.tier ?? "none";
  const skipped: string[] = [];
  let backoffTotalMs = 0;
  let firstMessageSeen = false;
  let ended = false;

  if (call !== undefined) sayCall(call, facts);
  if (facts.stream) instruments.streamActive.add(1, { [metricLabel.tier]: tier });
  return {
    source,
    facts,
    traceId: span.spanContext().traceId,
    context: inside,
    run: (work) => runBriefly(inside, work),
    skipped: (candidate, reason) => {
      const why = wireWord(reason);
      skipped.push(`${candidate.model}:${why}`);
      emitEvent(span, eventName.candidateSkipped, {
        [eventAttribute.candidate]: candidate.id,
        [eventAttribute.reason]: why,
      });
      instruments.candidatesSkipped.add(1, {
        [genAi.requestModel]: candidate.model,
        [metricLabel.reason]: why,
      });
    },
    backoff: (ms, why) => {
      backoffTotalMs += ms;
      emitEvent(span, eventName.backoff, {
        [eventAttribute.backoffDuration]: ms / 1000,
        [eventAttribute.reason]: wireWord(why),
      });
      instruments.routeBackoff.record(ms / 1000, tier);
    },
    firstMessage: () => {
      if (firstMessageSeen || ended) return;
      firstMessageSeen = true;
      const seconds = (now() - startedAt) / 1000;
      call?.say(switchyard.timeToFirstMessage, seconds);
      instruments.timeToFirstMessage.record(seconds, tier);
    },
    end: (summary) => {
      if (ended) return;
      ended = true;
      if (recording !== undefined) {
        sayServed(recording, summary);
        recording.say(switchyard.routeAttempts, summary.attempts);
        recording.say(switchyard.routeRetries, summary.retries);
        recording.say(switchyard.routeFallbackDepth, summary.fallbackDepth);
        recording.say(switchyard.routeBackoffTotal, backoffTotalMs / 1000);
        // Never an empty array: there are backends that refuse the whole batch for one (trace-backend.test.ts).
        recording.say(switchyard.routeSkipped, skipped.length === 0 ? undefined : skipped);
        recording.say(switchyard.routeReason, summary.reason);
      }
      // A rescued call is no error: only a route that found nobody is.
      if (summary.outcome === "exhausted") span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();

      if (call !== undefined) {
        sayServed(call, summary);
        call.say(switchyard.routeAttempts, summary.attempts);
        call.say(switchyard.keep, facts.arm === "canary" || worthKeeping.has(summary.outcome));
        call.say(
          switchyard.costAmount,
          summary.costNanos === undefined ? undefined : usdOf(summary.costNanos),
        );
      }
      instruments.routeRequests.add(1, tier, summary.outcome, facts.arm);
      if (facts.stream) instruments.streamActive.add(-1, { [metricLabel.tier]: tier });
    },
  };
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

function sayServed(span: Recording, summary: RouteSummary): void {
  span.say(switchyard.routeOutcome, summary.outcome);
  span.say(switchyard.routeServedModel, summary.servedModel);
}
