import { tmpdir } from "node:os";
import type { CliContext, ExitCode, StopSignal } from "../../src/cli/cli-context.ts";
import { createOutput } from "../../src/cli/output.ts";
import { runCli } from "../../src/cli/program.ts";

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A directory without a switchyard.yaml where left out. */
  readonly cwd?: string;
  readonly stdin?: string;
  readonly terminal?: boolean;
  /** Called with all of standard output so far, each time something is printed. */
  readonly onPrint?: (printed: string, send: (signal: StopSignal) => void) => void;
}

export interface CommandRun {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command in this process, as `switchyard …words`. */
export async function runCommand(
  words: readonly string[],
  options: CommandOptions = {},
): Promise<CommandRun> {
  const printed = { stdout: "", stderr: "" };
  const listeners = new Set<(signal: StopSignal) => void>();
  const send = (signal: StopSignal): void => {
    for (const listener of listeners) listener(signal);
  };
  const isTTY = options.terminal === true;
  const context: CliContext = {
    env: options.env ?? {},
    cwd: options.cwd ?? tmpdir(),
    version: "1.2.3",
    program: "",
    stdout: createOutput({
      isTTY,
      write: (text) => {
        printed.stdout += text;
        options.onPrint?.(printed.stdout, send);
      },
    }),
    stderr: createOutput({
      isTTY,
      write: (text) => {
        printed.stderr += text;
      },
    }),
    readStdin: () => Promise.resolve(options.stdin ?? ""),
    onSignal: (_signals, listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onHangUp: () => () => undefined,
    onUncaught: () => () => undefined,
    exit: () => undefined,
  };
  const code = await runCli(words, context);
  return { code, ...printed };
}
