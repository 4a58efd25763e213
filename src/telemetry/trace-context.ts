import {
  type Context,
  createTraceState,
  isSpanContextValid,
  type SpanContext,
  trace,
  TraceFlags,
} from "@opentelemetry/api";
import { callRoot } from "./linked-context.ts";

// version 00 has exactly these four fields; a later version may append some.
const traceparentForm = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/**
 * The context that a caller's `traceparent` and `tracestate` describe; the root context where there are
 * none or they are malformed. Baggage is not read: nothing here uses it and it must not travel on.
 * @see https://www.w3.org/TR/trace-context/
 */
export function readTraceContext(header: (name: string) => string | undefined): Context {
  const match = traceparentForm.exec(header("traceparent")?.trim() ?? "");
  if (match === null) return callRoot;
  const [, version, traceId, spanId, flags, rest] = match;
  if (traceId === undefined || spanId === undefined || flags === undefined) return callRoot;
  if (version === "00" && rest !== undefined) return callRoot;
  const state = header("tracestate");
  const spanContext: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
    isRemote: true,
    ...(state === undefined ? {} : { traceState: createTraceState(state) }),
  };
  return isSpanContextValid(spanContext) ? trace.setSpanContext(callRoot, spanContext) : callRoot;
}

/** The headers that carry this span to an upstream: `traceparent`, `tracestate`; never baggage. */
export function traceHeadersOf(span: SpanContext): Readonly<Record<string, string>> {
  if (!isSpanContextValid(span)) return {};
  const flags = (span.traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, "0");
  const state = span.traceState?.serialize() ?? "";
  return {
    traceparent: `00-${span.traceId}-${span.spanId}-${flags}`,
    ...(state === "" ? {} : { tracestate: state }),
  };
}
