import { type Context, createContextKey } from "@opentelemetry/api";
import type { SaidValue } from "./recorded-span.ts";
import type { Recording } from "./recording.ts";

/**
 * What is said of a call as a whole: on its SERVER span and, because that may not be recorded or may be
 * dropped, also in the `request` log line.
 */
export interface CallSummary extends Recording {
  /** Instant of the call's arrival on the monotonic clock. */
  readonly startedAt: number;
  /** Adds all of it to the fields of a log line. */
  addTo(fields: Record<string, unknown>): void;
}

/**
 * Starts an empty summary of a call.
 * @param recording of its SERVER span; undefined: that records nothing
 */
export function createCallSummary(recording: Recording | undefined, startedAt: number): CallSummary {
  return new Summary(recording, startedAt);
}

class Summary implements CallSummary {
  readonly startedAt: number;
  readonly #recording: Recording | undefined;
  /** Names and values in turn. */
  readonly #said: SaidValue[] = [];

  constructor(recording: Recording | undefined, startedAt: number) {
    this.#recording = recording;
    this.startedAt = startedAt;
  }

  say(name: string, value: SaidValue | undefined): void {
    if (value === undefined) return;
    this.#recording?.say(name, value);
    this.#said.push(name, value);
  }

  addTo(fields: Record<string, unknown>): void {
    const said = this.#said;
    // A name said again has its last value here, too.
    for (let at = 0; at < said.length; at += 2) fields[said[at] as string] = said[at + 1];
  }
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
