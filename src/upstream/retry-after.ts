import { type HeaderSource, header } from "./response-header.ts";
import { longestHintMs, readDurationMs } from "./wait-hint.ts";

const decimal = /^\d+(?:\.\d+)?$/;

/**
 * When to come back by the upstream's own word, in milliseconds from the arrival of its response; at most a day.
 * `retry-after-ms` (OpenAI, Azure) is the more exact; then Retry-After, in seconds or as a date. A date counts from
 * the response's own `Date`, so that neither clock need be right; without one it says nothing. Neither does 0.
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function readRetryAfterMs(headers: HeaderSource): number | undefined {
  const exact = header(headers, "retry-after-ms")?.trim();
  if (exact !== undefined && decimal.test(exact)) return bounded(Number(exact));
  const value = header(headers, "retry-after")?.trim();
  if (value === undefined) return undefined;
  const ms = readDurationMs(value);
  return bounded(ms ?? Date.parse(value) - Date.parse(header(headers, "date") ?? ""));
}

/** A wait that means something: above 0, at most a day. */
export function bounded(ms: number): number | undefined {
  return ms > 0 ? Math.min(ms, longestHintMs) : undefined;
}
