import { type DiagLogFunction, type DiagLogger } from "@opentelemetry/api";
import type { Log } from "./log.ts";
import { problemText } from "./problem-text.ts";

// A collector that is down fails a batch a second, each with a stack.
const repeatMs = 60_000;
// Kinds come from messages that others write: bound them.
const mostKinds = 32;

// A receiver that took the spans and answered in another format than the specification's.
const harmless = /^OTLPExportDelegate: Export succeeded/;

const silent: DiagLogFunction = () => {};

/**
 * The SDK's own complaints as single log lines, each kind at most once a minute, with how many were left out.
 * @param now monotonic, in milliseconds
 */
export function createSdkDiagnostics(log: Log, now: () => number): DiagLogger {
  const seen = new Map<string, { lastAt: number; suppressed: number }>();
  const tell: DiagLogFunction = (message, ...details) => {
    const text = problemText([message, ...details]);
    if (harmless.test(text)) return;
    // Counts and ports differ between two complaints of one kind.
    const kind = text.replaceAll(/\d+/g, "#");
    const known = seen.get(kind);
    if (known !== undefined && now() - known.lastAt < repeatMs) {
      known.suppressed += 1;
      return;
    }
    if (known === undefined && seen.size >= mostKinds) seen.clear();
    seen.set(kind, { lastAt: now(), suppressed: 0 });
    log.warn({ event: "telemetry_problem", suppressed: known?.suppressed ?? 0 }, text);
  };
  return { error: tell, warn: tell, info: silent, debug: silent, verbose: silent };
}
