import { trace } from "@opentelemetry/api";
import { pino } from "pino";
import { safeFields, safeText } from "./safe-fields.ts";
import { type LogOutput, standardOutput } from "./standard-output.ts";

type Write = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** The process's log: one JSON object a line, fields first. Never a key, a prompt or an upstream's text. */
export interface Log {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}

/**
 * A log at this pino level or above. Every line written inside a call carries its `trace_id`.
 * @param level one of pino's, `silent` included; an unknown one reads as `info`
 * @param fields in every line
 */
export function createLog(
  level: string,
  destination: LogOutput = standardOutput(),
  fields: Readonly<Record<string, unknown>> = {},
): Log {
  const known = level === "silent" || Object.hasOwn(pino.levels.values, level);
  const logger = pino(
    {
      level: known ? level : "info",
      formatters: { level: (label) => ({ level: label }) },
      mixin: traceFields,
      // `safeFields` has turned errors into what may be shown; pino's own would take all their properties.
      serializers: { err: (shown: unknown) => shown },
    },
    destination,
  ).child(fields);
  const write = (level: keyof Log, fields: Readonly<Record<string, unknown>>, message: string): void => {
    if (logger.isLevelEnabled(level)) logger[level](safeFields(fields), safeText(message));
  };
  return {
    debug: (fields, message) => write("debug", fields, message),
    info: (fields, message) => write("info", fields, message),
    warn: (fields, message) => write("warn", fields, message),
    error: (fields, message) => write("error", fields, message),
  };
}

function traceFields(): Record<string, string> {
  const span = trace.getActiveSpan()?.spanContext();
  if (span === undefined) return {};
  return {
    trace_id: span.traceId,
    span_id: span.spanId,
    trace_flags: span.traceFlags.toString(16).padStart(2, "0"),
  };
}
