import type { Output } from "./output.ts";

/** Everything a command takes from the process around it. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly version: string;
  /** The file that this program was started with: to start it once more. */
  readonly program: string;
  readonly stdout: Output;
  readonly stderr: Output;
  /** The whole of standard input as text. */
  readonly readStdin: () => Promise<string>;
  /** Calls the listener at each such signal; the result takes it off again. */
  readonly onSignal: (signals: readonly StopSignal[], listener: (signal: StopSignal) => void) => () => void;
  /** Calls the listener at each SIGHUP, which then ends nothing; the result takes it off again. */
  readonly onHangUp: (listener: () => void) => () => void;
  /** Calls the listener for each error that nothing caught; the result takes it off again. */
  readonly onUncaught: (listener: (error: unknown, kind: UncaughtKind) => void) => () => void;
  /** Ends the process at once. */
  readonly exit: (code: ExitCode) => void;
}

export type StopSignal = "SIGINT" | "SIGTERM";

export type UncaughtKind = "uncaughtException" | "unhandledRejection";

/** 0: done; 1: it failed; 2: it was called wrongly. */
export type ExitCode = 0 | 1 | 2;
