import { terminalText } from "./terminal-text.ts";

/** Where a command prints: standard output or standard error. */
export interface Output {
  readonly write: (text: string) => void;
  readonly line: (text: string) => void;
}

/** The part of a Node stream that printing needs. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly write: (text: string) => unknown;
}

/**
 * Prints to a stream. On a terminal every control character is shown, not obeyed: models, upstreams and
 * callers can put any into what we print. Into a file or a pipe the text goes unchanged.
 */
export function createOutput(stream: OutputStream): Output {
  const write = (text: string): void => {
    stream.write(stream.isTTY === true ? terminalText(text) : text);
  };
  return { write, line: (text) => write(`${text}\n`) };
}
