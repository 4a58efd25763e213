import {
  type Context,
  type Span,
  SpanKind,
  type SpanOptions,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { ATTR_ERROR_TYPE, ERROR_TYPE_VALUE_OTHER } from "@opentelemetry/semantic-conventions";
import { runBriefly } from "./async-context.ts";
import type { AttemptFacts, AttemptResult } from "./attempt-facts.ts";
import { sayAttempt, sayResult } from "./attempt-attributes.ts";
import { recordAttempt, recordFirstToken, recordNextToken } from "./attempt-metrics.ts";
import { emitEvent } from "./emit-event.ts";
import { errorTypeOf } from "./error-type.ts";
import { eventAttribute, eventName, genAi, switchyard } from "./names.ts";
import { type Recording, recordingOf } from "./recording.ts";
import type { RouteSpan } from "./route-span.ts";
import { traceHeadersOf } from "./trace-context.ts";

/** The span of one call to one candidate with one key. */
export interface AttemptSpan {
  readonly context: Context;
  /** Runs at once inside its context: settle its permits here, so that a breaker's change is an event of this attempt. */
  run(work: () => void): void;
  /** `traceparent` and `tracestate` for the upstream; never baggage. */
  traceHeaders(): Readonly<Record<string, string>>;
  /** The first content arrived, this long after the attempt's start. */
  firstToken(ms: number): void;
  /** A further piece of content arrived, this long after the one before. */
  nextToken(ms: number): void;
  /** The next attempt uses another key of the pool. */
  keyRotated(fromId: string, toId: string): void;
  /** Ends it once: attributes, status, metrics, and a warning in the log where it failed. */
  end(result: AttemptResult): void;
}

/** Starts the CLIENT span of an attempt below its route. */
export function startAttemptSpan(route: RouteSpan, facts: AttemptFacts): AttemptSpan {
  return new StartedAttempt(route, facts);
}

class StartedAttempt implements AttemptSpan {
  readonly context: Context;
  readonly #route: RouteSpan;
  readonly #facts: AttemptFacts;
  readonly #startedAt: number;
  readonly #span: Span;
  readonly #recording: Recording | undefined;
  #firstTokenSeen = false;
  #ended = false;

  constructor(route: RouteSpan, facts: AttemptFacts) {
    const { tracer, now } = route.source;
    this.#route = route;
    this.#facts = facts;
    this.#startedAt = now();
    this.#span = tracer.startSpan(`chat ${facts.model}`, spanOptions(facts), route.context);
    this.#recording = recordingOf(this.#span);
    if (this.#recording !== undefined) sayAttempt(this.#recording, facts);
    this.context = trace.setSpan(route.context, this.#span);
  }

  run(work: () => void): void {
    runBriefly(this.context, work);
  }

  traceHeaders(): Readonly<Record<string, string>> {
    return traceHeadersOf(this.#span.spanContext());
  }

  firstToken(ms: number): void {
    if (this.#firstTokenSeen || this.#ended) return;
    this.#firstTokenSeen = true;
    this.#recording?.say(genAi.responseTimeToFirstChunk, ms / 1000);
    recordFirstToken(this.#route, this.#facts, ms);
  }

  nextToken(ms: number): void {
    recordNextToken(this.#route, this.#facts, ms);
  }

  keyRotated(fromId: string, toId: string): void {
    emitEvent(this.#span, eventName.keyRotated, {
      [eventAttribute.keyFrom]: fromId,
      [eventAttribute.keyTo]: toId,
    });
  }

  end(result: AttemptResult): void {
    if (this.#ended) return;
    this.#ended = true;
    const { failure } = result;
    const errorType =
      result.outcome !== "error"
        ? undefined
        : failure === undefined
          ? ERROR_TYPE_VALUE_OTHER
          : errorTypeOf(failure);
    if (this.#recording !== undefined) sayResult(this.#recording, result, this.#facts.stream);
    if (errorType !== undefined) {
      this.#recording?.say(ATTR_ERROR_TYPE, errorType);
      // Our own sentence for the class, safe to show; without one the class alone.
      this.#span.setStatus({
        code: SpanStatusCode.ERROR,
        ...(failure === undefined ? {} : { message: failure.message }),
      });
    }
    this.#span.end();
    const durationMs = this.#route.source.now() - this.#startedAt;
    recordAttempt(this.#route, this.#facts, result, { durationMs, errorType });
    if (errorType !== undefined) this.run(() => warnOfFailure(this.#route, this.#facts, result));
  }
}

const asClient: SpanOptions = { kind: SpanKind.CLIENT };

function spanOptions({ hedgeOf }: AttemptFacts): SpanOptions {
  const hedged = hedgeOf === undefined ? undefined : trace.getSpanContext(hedgeOf.context);
  if (hedged === undefined) return asClient;
  return { ...asClient, links: [{ context: hedged, attributes: { [switchyard.linkType]: "hedge_of" } }] };
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
