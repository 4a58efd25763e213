import type { Config } from "../config/config.ts";
import { listenerNames } from "../config/listeners.ts";
import { createLog } from "../telemetry/log.ts";
import { standardOutput } from "../telemetry/standard-output.ts";
import { type Supervised, superviseWorkers } from "../workers/supervise.ts";
import type { CliContext, ExitCode } from "./cli-context.ts";
import { formatListenError } from "./listen-error.ts";
import { reloadAtSignal } from "./reload-at-signal.ts";
import { stopAtException, stopAtSignal } from "./stop-signal.ts";

export interface WorkersToServe {
  readonly config: Config;
  readonly env: CliContext["env"];
  /** Above one. */
  readonly workers: number;
}

/**
 * The gateway in several processes that share its ports. To whoever started it, it is as the one process is: the same
 * lines when it is ready, the same message and code where it cannot start, the same end at a signal.
 */
export async function serveWithWorkers(options: WorkersToServe, context: CliContext): Promise<ExitCode> {
  const { config } = options;
  const { cwd, version, program, stderr } = context;
  const output = standardOutput();
  const log = createLog(config.logLevel, output);
  for (const warning of config.warnings) log.warn({ event: "config" }, warning);

  let supervised: Supervised | undefined;
  const signal = stopAtSignal(context, log, () => supervised?.kill());
  const exception = stopAtException(context, log);
  const hangUp = reloadAtSignal(context);
  try {
    const supervising = await superviseWorkers({
      ...options,
      program,
      cwd,
      log,
      output: (lines) => output.write(lines),
    });
    if (supervising.kind === "refused") {
      stderr.line(supervising.message);
      return 1;
    }
    ({ supervised } = supervising);
    hangUp.serve(supervised);
    for (const listener of listenerNames) {
      const address = supervised.addresses[listener];
      if (address !== undefined) {
        log.info({ event: "listening", listener, address }, `${listener} listens on ${address}`);
      }
    }
    log.info({ event: "ready", version, config: config.revision, workers: options.workers }, "ready");

    const failed = supervised.failed.then((message): ExitCode => {
      stderr.line(message);
      return 1;
    });
    const code = await Promise.race([signal.asked, exception.asked, failed]);
    const drained = await supervised.drain();
    return drained ? code : 1;
  } catch (error) {
    const message = formatListenError(error, config.listen);
    if (message === undefined) throw error;
    stderr.line(message);
    return 1;
  } finally {
    signal.off();
    exception.off();
    hangUp.off();
  }
}
