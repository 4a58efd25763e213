import { availableParallelism } from "node:os";
import type { Config } from "../config/config.ts";
import { type Gateway, startGateway, StartRefused } from "../gateway.ts";
import { createLog, type Log } from "../telemetry/log.ts";
import type { CliContext, ExitCode } from "./cli-context.ts";
import { formatListenError } from "./listen-error.ts";
import { configEnv, readConfig } from "./read-config.ts";
import { reloadAtSignal } from "./reload-at-signal.ts";
import { stopAtException, stopAtSignal } from "./stop-signal.ts";

export interface ServeOptions {
  readonly config?: string | undefined;
  /** In place of the config's. */
  readonly workers?: Config["workers"];
}

/**
 * `switchyard serve`: runs the gateway until SIGTERM or SIGINT, drains it, and ends with 0. A second signal
 * ends the process at once. An error that nothing caught is logged; an exception also stops the gateway, with
 * 1, since nobody knows what state it left behind. SIGHUP has it read its keys and its configuration again.
 */
export async function runServe(options: ServeOptions, context: CliContext): Promise<ExitCode> {
  const config = readConfig(context, options.config);
  if (config === undefined) return 1;
  const env = configEnv(context, options.config);
  const wanted = options.workers ?? config.workers;
  const workers = wanted === "auto" ? availableParallelism() : wanted;
  if (workers > 1) {
    const { serveWithWorkers } = await import("./serve-with-workers.ts");
    return serveWithWorkers({ config, env, workers }, context);
  }
  const log = createLog(config.logLevel);
  const signal = stopAtSignal(context, log);
  const exception = stopAtException(context, log);
  const reload = reloadAtSignal(context);
  try {
    const gateway = await start(config, env, context, log);
    if (gateway === undefined) return 1;
    reload.serve(gateway);
    const code = await Promise.race([signal.asked, exception.asked]);
    await gateway.drain();
    return code;
  } finally {
    signal.off();
    exception.off();
    reload.off();
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
    const message = startFailure(error, config);
    if (message === undefined) throw error;
    context.stderr.line(message);
    return undefined;
  }
}

/** What to print where a gateway does not start for a reason outside it; undefined for a bug. */
export function startFailure(error: unknown, { listen }: Pick<Config, "listen">): string | undefined {
  return error instanceof StartRefused ? `error: ${error.message}` : formatListenError(error, listen);
}
