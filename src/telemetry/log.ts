import { trace } from "@opentelemetry/api";
import { destination as toFile, pino, type DestinationStream } from "pino";

type Write = (fields: Readonly<Record<string, unknown>>, message: string) => void;

/** The process's log: one JSON object a line, fields first. Never a key, a prompt or an upstream's text. */
export interface Log {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
}

// The last line of defence: nothing of this is meant to reach a log at all.
const secretNames = [
  "apiKey",
  "api_key",
  "key",
  "secret",
  "token",
  "password",
  "authorization",
  "Authorization",
  "proxy-authorization",
  "x-api-key",
  "api-key",
  "cookie",
  "set-cookie",
];
// A wildcard matches one level: two levels cover `err.request.headers`-like shapes once serialised.
const redact = secretNames.flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.*["${name}"]`]);

/**
 * A log at this pino level or above. Every line written inside a call carries its `trace_id`.
 * @param level one of pino's, `silent` included; an unknown one reads as `info`
 * @param destination stdout where left out
 */
export function createLog(level: string, destination: DestinationStream = toFile({ fd: 1 })): Log {
  const known = level === "silent" || Object.hasOwn(pino.levels.values, level);
  const logger = pino(
    {
      level: known ? level : "info",
      redact: { paths: redact, censor: "***" },
      formatters: { level: (label) => ({ level: label }) },
      mixin: traceFields,
    },
    destination,
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
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
