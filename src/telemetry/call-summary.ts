import {
  type Attributes,
  type AttributeValue,
  type Context,
  createContextKey,
  type Span,
} from "@opentelemetry/api";
import { putAttributes } from "./put-attributes.ts";

/**
 * What is said of a call as a whole: on its SERVER span and, because that may not be recorded or may be
 * dropped, also in the `request` log line.
 */
export interface CallSummary {
  /** Instant of the call's arrival on the monotonic clock. */
  readonly startedAt: number;
  readonly set: (attributes: Attributes) => void;
  readonly attributes: () => Readonly<Record<string, AttributeValue>>;
}

/** Starts an empty summary of the call that this SERVER span is about. */
export function createCallSummary(span: Span, startedAt: number): CallSummary {
  const collected: Record<string, AttributeValue> = {};
  return {
    startedAt,
    set: (attributes) => {
      putAttributes(span, attributes);
      for (const name in attributes) {
        const value = attributes[name];
        if (value !== undefined) collected[name] = value;
      }
    },
    attributes: () => collected,
  };
}

const key = createContextKey("switchyard call summary");

/** The context that carries this summary to the route below. */
export function withCallSummary(context: Context, summary: CallSummary): Context {
  return context.setValue(key, summary);
}

/** The summary of the call that this context belongs to; undefined outside a call. */
export function callSummaryOf(context: Context): CallSummary | undefined {
  // Only `withCallSummary` writes under this key, which nobody else can name.
  return context.getValue(key) as CallSummary | undefined;
}
