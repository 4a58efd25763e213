import { type DiagLogFunction, type DiagLogger } from "@opentelemetry/api";
import type { Log } from "./log.ts";

// A collector that is down fails a batch a second, each with a stack.
const repeatMs = 60_000;
// Kinds come from messages that others write: bound them.
const mostKinds = 32;
const longestMessage = 200;

const silent: DiagLogFunction = () => {};

/**
 * The SDK's own complaints as single log lines, each kind at most once a minute, with how many were left out.
 * @param now monotonic, in milliseconds
 */
export function createSdkDiagnostics(log: Log, now: () => number): DiagLogger {
  const seen = new Map<string, { lastAt: number; suppressed: number }>();
  const tell = (write: Log["warn"]): DiagLogFunction => {
    return (message, ...details) => {
      const text = plainText([message, ...details]);
      // Counts and ports differ between two complaints of one kind.
      const kind = text.replaceAll(/\d+/g, "#");
      const known = seen.get(kind);
      if (known !== undefined && now() - known.lastAt < repeatMs) {
        known.suppressed += 1;
        return;
      }
      if (known === undefined && seen.size >= mostKinds) seen.clear();
      seen.set(kind, { lastAt: now(), suppressed: 0 });
      write({ event: "telemetry_problem", suppressed: known?.suppressed ?? 0 }, text);
    };
  };
  return {
    error: tell(log.warn),
    warn: tell(log.warn),
    info: silent,
    debug: silent,
    verbose: silent,
  };
}

function plainText(parts: readonly unknown[]): string {
  return parts.map(partText).filter(Boolean).join(": ").slice(0, longestMessage);
}

// The SDK reports a failed export as the JSON of an error, stack and all: its message and code suffice.
function partText(part: unknown): string {
  if (part instanceof Error) return errorText(part.name, part.message);
  if (typeof part !== "string") return "";
  if (!part.startsWith("{")) return firstLine(part);
  try {
    const flat: unknown = JSON.parse(part);
    if (typeof flat !== "object" || flat === null) return "";
    const field = (name: string): string => {
      const value: unknown = Reflect.get(flat, name);
      return typeof value === "string" || typeof value === "number" ? String(value) : "";
    };
    return errorText(field("name"), [field("code"), field("message")].filter(Boolean).join(" "));
  } catch {
    return "unreadable error";
  }
}

function errorText(name: string, message: string): string {
  return firstLine([name, message].filter(Boolean).join(": "));
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
