import { type Context, createContextKey, type Span } from "@opentelemetry/api";
import type { SaidValue } from "./recorded-span.ts";
import { type Recording, recordingOf } from "./recording.ts";

/**
 * What is said of a call as a whole: on its SERVER span and, because that may not be recorded or may be
 * dropped, also in the `request` log line.
 */
export interface CallSummary extends Recording {
  /** Instant of the call's arrival on the monotonic clock. */
  readonly startedAt: number;
  /** Adds all of it to the fields of a log line. */
  readonly addTo: (fields: Record<string, unknown>) => void;
}

/** Starts an empty summary of the call that this SERVER span is about. */
export function createCallSummary(span: Span, startedAt: number): CallSummary {
  const recording = recordingOf(span);
  /** Names and values in turn. */
  const said: SaidValue[] = [];
  return {
    startedAt,
    say: (name, value) => {
      if (value === undefined) return;
      recording?.say(name, value);
      said.push(name, value);
    },
    addTo: (fields) => {
      // A name said again has its last value here, too.
      for (let at = 0; at < said.length; at += 2) fields[said[at] as string] = said[at + 1];
    },
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
