import { text } from "node:stream/consumers";
import { isatty } from "node:tty";
import packageJson from "../package.json" with { type: "json" };
import type { CliContext } from "./cli/cli-context.ts";
import { createOutput } from "./cli/output.ts";
import { runCli } from "./cli/program.ts";

/** Of the descriptors that the process was started with, the first that is a terminal. */
const terminal = [0, 1, 2].find((descriptor) => isatty(descriptor));

const context: CliContext = {
  env: process.env,
  cwd: process.cwd(),
  version: packageJson.version,
  program: process.argv[1] ?? "",
  stdout: createOutput(process.stdout),
  stderr: createOutput(process.stderr),
  readStdin: () => text(process.stdin),
  onSignal: (signals, listener) => {
    for (const signal of signals) process.on(signal, listener);
    return () => {
      for (const signal of signals) process.off(signal, listener);
    };
  },
  onHangUp: (listener) => {
    const off = (): void => void process.off("SIGHUP", onSignal);
    // A terminal that was closed sends the same signal and is a terminal no more. Then it ends the process, as ever.
    const onSignal = (): void => {
      if (terminal === undefined || isatty(terminal)) listener();
      else {
        off();
        process.kill(process.pid, "SIGHUP");
      }
    };
    process.on("SIGHUP", onSignal);
    return off;
  },
  onUncaught: (listener) => {
    const onException = (error: unknown): void => listener(error, "uncaughtException");
    const onRejection = (error: unknown): void => listener(error, "unhandledRejection");
    process.on("uncaughtException", onException);
    process.on("unhandledRejection", onRejection);
    return () => {
      process.off("uncaughtException", onException);
      process.off("unhandledRejection", onRejection);
    };
  },
  exit: (code) => process.exit(code),
};

// `switchyard models | head -1`: whoever reads has enough; that is no failure of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

const code = await runCli(process.argv.slice(2), context);
process.exitCode = code;
// What lingers (an idle socket, a timer) must not keep a command alive that is done.
setTimeout(() => process.exit(code), 1000).unref();
