import { context as active, type SpanContext, SpanKind, trace, TraceFlags } from "@opentelemetry/api";
import { RandomIdGenerator } from "@opentelemetry/sdk-trace";
import { RecordedSpan, type SpanOrigin } from "./recorded-span.ts";
import type { SpanStarter } from "./span-source.ts";

/**
 * Records every span, also below a caller that sampled its own trace away: the collector decides what to keep. All
 * spans of a call are timed by the clock of its first, so that none seems to outlast its parent.
 */
export function createRecordingTracer(origin: SpanOrigin): SpanStarter {
  const ids = new RandomIdGenerator();

  const startSpan: SpanStarter["startSpan"] = (name, options, context = active.active()) => {
    const parent = options?.root === true ? undefined : trace.getSpan(context);
    const above = parent?.spanContext();
    const isBelow = above !== undefined && trace.isSpanContextValid(above);
    return new RecordedSpan(
      {
        name,
        kind: options?.kind ?? SpanKind.INTERNAL,
        spanContext: isBelow ? below(above, ids.generateSpanId()) : firstOf(ids),
        parentSpanContext: isBelow ? above : undefined,
        links: options?.links,
        clockOffset: parent instanceof RecordedSpan ? parent.clockOffset : Date.now() - performance.now(),
      },
      origin,
    );
  };

  return { startSpan };
}

function firstOf(ids: RandomIdGenerator): SpanContext {
  return {
    traceId: ids.generateTraceId(),
    spanId: ids.generateSpanId(),
    traceFlags: TraceFlags.SAMPLED,
  };
}

function below({ traceId, traceState }: SpanContext, spanId: string): SpanContext {
  const traceFlags = TraceFlags.SAMPLED;
  return traceState === undefined
    ? { traceId, spanId, traceFlags }
    : { traceId, spanId, traceFlags, traceState };
}
