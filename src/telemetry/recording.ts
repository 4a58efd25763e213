import type { Span } from "@opentelemetry/api";
import { RecordedSpan, type SaidValue } from "./recorded-span.ts";

/** What attributes are said of. */
export interface Recording {
  /** Undefined says nothing. A name said again has its last value. */
  say(name: string, value: SaidValue | undefined): void;
}

/** The span as long as it records; undefined: whatever would be said of it is lost, and need not be made up. */
export function recordingOf(span: Span): Recording | undefined {
  if (span instanceof RecordedSpan) return span;
  if (!span.isRecording()) return undefined;
  return {
    say: (name, value) => {
      if (value !== undefined) span.setAttribute(name, value);
    },
  };
}
