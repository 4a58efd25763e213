import { unpackConfig } from "../config/packed-config.ts";
import { startGateway } from "../gateway.ts";
import { createLog } from "../telemetry/log.ts";
import { standardOutput } from "../telemetry/standard-output.ts";
import { joinPrimary } from "../workers/join-primary.ts";
import { parentChannel } from "../workers/parent-channel.ts";
import type { CliContext, ExitCode } from "./cli-context.ts";
import { startFailure } from "./serve.ts";
import { stopAtException } from "./stop-signal.ts";

/**
 * One of the processes that `serve` starts to share its ports. It ends when its primary says so, or is gone; signals
 * are the primary's affair, since a terminal sends them to all.
 */
export async function runWorker(context: CliContext): Promise<ExitCode> {
  const { env, cwd, version, stderr } = context;
  const channel = parentChannel();
  if (channel === undefined) {
    stderr.line("error: workers are started by `switchyard serve --workers`, and by nobody else");
    return 2;
  }
  const offSignal = context.onSignal(["SIGINT", "SIGTERM"], () => {});
  const offHangUp = context.onHangUp(() => {});
  const worker = await joinPrimary(channel);
  if (worker === undefined) return 1;
  const config = unpackConfig(worker.config);
  const log = createLog(config.logLevel, standardOutput(), { worker: worker.number });
  const exception = stopAtException(context, log);
  try {
    const gateway = await startGateway({ config, env, cwd, log, version, worker });
    worker.ready();
    const code = await Promise.race([worker.left.then((): ExitCode => 0), exception.asked]);
    await gateway.drain();
    return code;
  } catch (error) {
    const message = startFailure(error, config);
    if (message === undefined) throw error;
    worker.refuse(message);
    return 1;
  } finally {
    exception.off();
    offSignal();
    offHangUp();
    worker.close();
  }
}
