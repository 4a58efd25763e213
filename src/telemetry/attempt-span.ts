import { type Context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { ATTR_ERROR_TYPE, ERROR_TYPE_VALUE_OTHER } from "@opentelemetry/semantic-conventions";
import { runBriefly } from "./async-context.ts";
import type { AttemptFacts, AttemptResult } from "./attempt-facts.ts";
import { sayAttempt, sayResult } from "./attempt-attributes.ts";
import { recordAttempt, recordFirstToken, recordNextToken } from "./attempt-metrics.ts";
import { emitEvent } from "./emit-event.ts";
import { errorTypeOf } from "./error-type.ts";
import { eventAttribute, eventName, genAi, switchyard } from "./names.ts";
import { recordingOf } from "./recording.ts";
import type { RouteSpan } from "./route-span.ts";
import { traceHeadersOf } from "./trace-context.ts";

/** The span of one call to one candidate with one key. */
export interface AttemptSpan {
  readonly context: Context;
  /** Runs at once inside its context: settle its permits here, so that a breaker's change is an event of this attempt. */
  readonly run: (work: () => void) => void;
  /** `traceparent` and `tracestate` for the upstream; never baggage. */
  readonly traceHeaders: () => Readonly<Record<string, string>>;
  /** The first content arrived, this long after the attempt's start. */
  readonly firstToken: (ms: number) => void;
  /** A further piece of content arrived, this long after the one before. */
  readonly nextToken: (ms: number) => void;
  /** The next attempt uses another key of the pool. */
  readonly keyRotated: (fromId: string, toId: string) => void;
  /** Ends it once: attributes, status, metrics, and a warning in the log where it failed. */
  readonly end: (result: AttemptResult) => void;
}

/** Starts the CLIENT span of an attempt below its route. */
export function startAttemptSpan(route: RouteSpan, facts: AttemptFacts): AttemptSpan {
  const { tracer, now } = route.source;
  const startedAt = now();
  const hedged = facts.hedgeOf === undefined ? undefined : trace.getSpanContext(facts.hedgeOf.context);
  const span = tracer.startSpan(
    `chat ${facts.model}`,
    {
      kind: SpanKind.CLIENT,
      ...(hedged === undefined
        ? {}
        : { links: [{ context: hedged, attributes: { [switchyard.linkType]: "hedge_of" } }] }),
    },
    route.context,
  );
  const recording = recordingOf(span);
  if (recording !== undefined) sayAttempt(recording, facts);
  const inside = trace.setSpan(route.context, span);
  let firstTokenSeen = false;
  let ended = false;
  return {
    context: inside,
    run: (work) => runBriefly(inside, work),
    traceHeaders: () => traceHeadersOf(span.spanContext()),
    firstToken: (ms) => {
      if (firstTokenSeen || ended) return;
      firstTokenSeen = true;
      recording?.say(genAi.responseTimeToFirstChunk, ms / 1000);
      recordFirstToken(route, facts, ms);
    },
    nextToken: (ms) => recordNextToken(route, facts, ms),
    keyRotated: (fromId, toId) =>
      emitEvent(span, eventName.keyRotated, {
        [eventAttribute.keyFrom]: fromId,
        [eventAttribute.keyTo]: toId,
      }),
    end: (result) => {
      if (ended) return;
      ended = true;
      const errorType = result.failure === undefined ? undefined : errorTypeOf(result.failure);
      const failed = result.outcome === "error";
      if (recording !== undefined) sayResult(recording, result, facts.stream);
      if (failed) {
        recording?.say(ATTR_ERROR_TYPE, errorType ?? ERROR_TYPE_VALUE_OTHER);
        // Our own sentence for the class, safe to show; without one the class alone.
        span.setStatus({
          code: SpanStatusCode.ERROR,
          ...(result.failure === undefined ? {} : { message: result.failure.message }),
        });
      }
      span.end();
      recordAttempt(route, facts, result, {
        durationMs: now() - startedAt,
        errorType: failed ? (errorType ?? ERROR_TYPE_VALUE_OTHER) : undefined,
      });
      if (failed) runBriefly(inside, () => warnOfFailure(route, facts, result));
    },
  };
}

function warnOfFailure(route: RouteSpan, facts: AttemptFacts, result: AttemptResult): void {
  route.source.log.warn(
    {
      event: "attempt_failed",
      [switchyard.attemptNumber]: facts.number,
      [genAi.requestModel]: facts.model,
      [switchyard.upstreamName]: facts.upstream,
      [switchyard.upstreamKeyId]: facts.keyId,
      failure: result.failure?.kind,
      status: result.httpStatus,
    },
    result.failure?.message ?? "attempt failed",
  );
}
