import { type SpanContext, trace } from "@opentelemetry/api";
import { pino } from "pino";
import { spellLinesWhole } from "./log-line.ts";
import { safeFields, safeText } from "./safe-fields.ts";
import { type LogOutput, standardOutput } from "./standard-output.ts";

/** @param span whose ids the line carries; left out: the active one */
type Write = (fields: Readonly<Record<string, unknown>>, message: string, span?: SpanContext) => void;

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
      // `safeFields` has turned errors into what may be shown; pino's own would take all their properties.
      serializers: { err: (shown: unknown) => shown },
    },
    destination,
  ).child(fields);
  spellLinesWhole(logger);
  const write = (level: keyof Log, args: Parameters<Write>): void => {
    if (!logger.isLevelEnabled(level)) return;
    const [fields, message, span = trace.getActiveSpan()?.spanContext()] = args;
    const line = safeFields(fields);
    if (span !== undefined) {
      line["trace_id"] = span.traceId;
      line["span_id"] = span.spanId;
      line["trace_flags"] = span.traceFlags.toString(16).padStart(2, "0");
    }
    line["msg"] = safeText(message);
    logger[level](line);
  };
  return {
    debug: (...args) => write("debug", args),
    info: (...args) => write("info", args),
    warn: (...args) => write("warn", args),
    error: (...args) => write("error", args),
  };
}
