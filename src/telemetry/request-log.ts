import type { SpanContext } from "@opentelemetry/api";
import type { CallSummary } from "./call-summary.ts";
import type { Log } from "./log.ts";

/** Writes the one line a call leaves: what was called, how it ended, how long it took, and the summary of its route. */
export function logRequest(
  log: Log,
  call: { readonly method: string; readonly protocol: string },
  ended: { readonly code: string; readonly durationMs: number },
  summary: CallSummary,
  span: SpanContext,
): void {
  const fields: Record<string, unknown> = {
    event: "request",
    method: call.method,
    protocol: call.protocol,
    code: ended.code,
    duration_ms: Math.round(ended.durationMs * 10) / 10,
  };
  summary.addTo(fields);
  log.info(fields, "request", span);
}
