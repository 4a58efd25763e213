import type { Log } from "../telemetry/log.ts";
import type { ExitReason } from "./worker-process.ts";

/** A worker as lines of the log name it. */
export interface NamedWorker {
  readonly number: number;
  readonly pid: number | undefined;
}

/** What went with a worker that did not end by itself. */
export interface Losses {
  /** Under way a moment before, as it told last. */
  readonly calls: number;
  readonly connections: number;
}

/** Lines of the log about workers. `restartMs` is the time until another starts; undefined: none does. */
export interface WorkerEvents {
  readonly ended: (
    worker: NamedWorker,
    end: { readonly reason: ExitReason; readonly lost: Losses; readonly restartMs: number | undefined },
    why: string | undefined,
  ) => void;
  readonly leaves: (worker: NamedWorker, restartMs: number | undefined) => void;
  readonly hangs: (worker: NamedWorker) => void;
}

export function createWorkerEvents(log: Log): WorkerEvents {
  return {
    ended: (worker, { reason, lost, restartMs }, why) =>
      log.error(
        {
          event: "worker-ended",
          ...fieldsOf(worker),
          reason,
          lost_calls: lost.calls,
          lost_connections: lost.connections,
          restart_ms: restartMs,
        },
        why ?? `a worker ended, and its calls with it${another(restartMs)}`,
      ),
    leaves: (worker, restartMs) =>
      log.error(
        { event: "worker-leaves", ...fieldsOf(worker), restart_ms: restartMs },
        `a worker leaves once its calls are done${another(restartMs)}`,
      ),
    hangs: (worker) =>
      log.error({ event: "worker-hangs", ...fieldsOf(worker) }, "a worker hangs: it is killed"),
  };
}

function fieldsOf({ number, pid }: NamedWorker): Readonly<Record<string, unknown>> {
  return { worker: number, worker_pid: pid };
}

function another(restartMs: number | undefined): string {
  return restartMs === undefined ? "" : "; another takes its place";
}
