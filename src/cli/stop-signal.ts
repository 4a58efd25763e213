import type { Log } from "../telemetry/log.ts";
import type { CliContext, ExitCode } from "./cli-context.ts";

/** The end of a process that serves. */
export interface Stop {
  /** Settles with the exit code once the process is asked to stop, or must. */
  readonly asked: Promise<ExitCode>;
  /** Listens no more. */
  readonly off: () => void;
}

/** Stops at SIGTERM or SIGINT; a second one ends the process at once. @param beforeExit what to end with it */
export function stopAtSignal(context: CliContext, log: Log, beforeExit: () => void = () => {}): Stop {
  const { promise: asked, resolve } = Promise.withResolvers<ExitCode>();
  let signals = 0;
  const off = context.onSignal(["SIGINT", "SIGTERM"], (signal) => {
    signals += 1;
    if (signals > 1) {
      log.warn({ event: "stopped", signal }, "second signal: ended at once, calls under way are lost");
      beforeExit();
      context.exit(1);
      return;
    }
    log.info({ event: "stopping", signal }, "draining; a second signal ends at once");
    resolve(0);
  });
  return { asked, off };
}

/**
 * Stops, with 1, at an exception that nothing caught: nobody knows what state it left behind. An unhandled rejection
 * is logged alone.
 */
export function stopAtException(context: CliContext, log: Log): Stop {
  const { promise: asked, resolve } = Promise.withResolvers<ExitCode>();
  const off = context.onUncaught((error, kind) => {
    log.error({ event: "uncaught", kind, err: error }, "an error that nothing caught: this is a bug");
    if (kind === "uncaughtException") resolve(1);
  });
  return { asked, off };
}
