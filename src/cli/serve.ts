import type { Config } from "../config/config.ts";
import type { Gateway } from "../gateway.ts";
import { startGateway, StartRefused } from "../gateway.ts";
import type { Log } from "../telemetry/log.ts";
import { createLog } from "../telemetry/log.ts";
import type { CliContext, ExitCode } from "./cli-context.ts";
import { formatListenError } from "./listen-error.ts";
import { configEnv, readConfig } from "./read-config.ts";

export interface ServeOptions {
  readonly config?: string | undefined;
}

/**
 * `switchyard serve`: runs the gateway until SIGTERM or SIGINT, drains it, and ends with 0. A second signal
 * ends the process at once. An error that nothing caught is logged; an exception also stops the gateway, with
 * 1, since nobody knows what state it left behind.
 */
export async function runServe(options: ServeOptions, context: CliContext): Promise<ExitCode> {
  const config = readConfig(context, options.config);
  if (config === undefined) return 1;
  const log = createLog(config.logLevel);
  const stop = createStop(context, log);
  try {
    const gateway = await start(config, configEnv(context, options.config), context, log);
    if (gateway === undefined) return 1;
    const code = await stop.asked;
    await gateway.drain();
    return code;
  } finally {
    stop.off();
  }
}

async function start(
  config: Config,
  env: CliContext["env"],
  context: CliContext,
  log: Log,
): Promise<Gateway | undefined> {
  const { cwd, version } = context;
  try {
    return await startGateway({ config, env, cwd, log, version });
  } catch (error) {
    const message =
      error instanceof StartRefused ? `error: ${error.message}` : formatListenError(error, config.listen);
    if (message === undefined) throw error;
    context.stderr.line(message);
    return undefined;
  }
}

/** Settles with the exit code once the process is asked to stop, or must. */
function createStop(context: CliContext, log: Log): { asked: Promise<ExitCode>; off: () => void } {
  const { promise: asked, resolve } = Promise.withResolvers<ExitCode>();
  let signals = 0;
  const offSignal = context.onSignal(["SIGINT", "SIGTERM"], (signal) => {
    signals += 1;
    if (signals > 1) {
      log.warn({ event: "stopped", signal }, "second signal: ended at once, calls under way are lost");
      context.exit(1);
      return;
    }
    log.info({ event: "stopping", signal }, "draining; a second signal ends at once");
    resolve(0);
  });
  const offUncaught = context.onUncaught((error, kind) => {
    log.error({ event: "uncaught", kind, err: error }, "an error that nothing caught: this is a bug");
    if (kind === "uncaughtException") resolve(1);
  });
  return {
    asked,
    off: () => {
      offSignal();
      offUncaught();
    },
  };
}
