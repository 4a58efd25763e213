import type { ListenerName } from "../config/listeners.ts";
import { type ChildProcess, fork } from "node:child_process";
import type { Socket } from "node:net";
import type { Environment } from "../config/environment.ts";
import { wholeLines } from "./whole-lines.ts";
import { type FromWorker, type ToWorker, workerWord } from "./worker-messages.ts";

/** How worker processes are started. */
export interface WorkerCommand {
  /** The file that this program was started with. */
  readonly program: string;
  readonly env: Environment;
  readonly cwd: string;
  /** Takes whole lines of their logs. */
  readonly output: (lines: string) => void;
}

/** Why a worker process is no more: its exit code, the signal that killed it, or that it could not be started. */
export type ExitReason = number | NodeJS.Signals | "not-started";

export interface WorkerProcessListener {
  readonly onMessage: (message: FromWorker) => void;
  /** Once, and last. */
  readonly onExit: (reason: ExitReason) => void;
}

/** A worker as its primary sees it. What is sent to one that has ended is lost. */
export interface WorkerProcess {
  readonly pid: number | undefined;
  readonly send: (message: ToWorker) => void;
  /** The socket stays open here until it is destroyed. */
  readonly sendConnection: (listener: ListenerName, socket: Socket) => void;
  readonly kill: () => void;
}

/** Starts the program once more, as a worker. */
export function startWorkerProcess(command: WorkerCommand, listener: WorkerProcessListener): WorkerProcess {
  const { program, env, cwd, output } = command;
  const child = fork(program, [workerWord], {
    cwd,
    // Its type wants no undefined; Node leaves such variables out.
    env: env as NodeJS.ProcessEnv,
    // An inspector's port is for one process.
    execArgv: process.execArgv.filter((flag) => !flag.startsWith("--inspect")),
    // Amounts of money are bigints, and a configuration is made of maps.
    serialization: "advanced",
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  child.stdout?.on("data", wholeLines(output));
  // Both ends of the channel are ours.
  child.on("message", (message) => listener.onMessage(message as FromWorker));
  onEnd(child, listener.onExit);
  return {
    pid: child.pid,
    send: (message) => {
      if (child.connected) child.send(message, ignore);
    },
    sendConnection: (name, socket) => {
      const message: ToWorker = { kind: "connection", listener: name };
      // Node would close it here once it has arrived; where the worker dies before, Node never does.
      if (child.connected) child.send(message, socket, { keepOpen: true }, ignore);
    },
    kill: () => void child.kill("SIGKILL"),
  };
}

function onEnd(child: ChildProcess, onExit: (reason: ExitReason) => void): void {
  let told = false;
  const tell = (reason: ExitReason): void => {
    if (told) return;
    told = true;
    onExit(reason);
  };
  // Not `exit`: the last lines that it printed are still to come then.
  child.once("close", (code, signal) => tell(code ?? signal ?? "not-started"));
  child.on("error", () => {
    if (child.pid === undefined) tell("not-started");
  });
}

/** A message that cannot be sent any more: the worker's end is told by itself. */
function ignore(): void {}
