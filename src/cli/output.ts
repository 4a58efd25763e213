import { terminalText } from "./terminal-text.ts";

/** Where a command prints: standard output or standard error. */
export interface Output {
  readonly write: (text: string) => void;
  readonly line: (text: string) => void;
  /** True where a person looks on. */
  readonly terminal: boolean;
  /** Shows one line in place of the one shown before; an empty one ends that. On a terminal alone. */
  readonly status: (text: string) => void;
}

/** The part of a Node stream that printing needs. */
export interface OutputStream {
  readonly isTTY?: boolean;
  readonly write: (text: string) => unknown;
}

/** Back to the first column, and away with what stands there: ECMA-48, EL. */
const eraseLine = "\r\u001B[2K";

/**
 * Prints to a stream. On a terminal every control character is shown, not obeyed: models, upstreams and
 * callers can put any into what we print. Into a file or a pipe the text goes unchanged.
 */
export function createOutput(stream: OutputStream): Output {
  const terminal = stream.isTTY === true;
  let shown = "";
  const write = (text: string): void => {
    if (shown !== "") stream.write(eraseLine);
    stream.write(terminal ? terminalText(text) : text);
    if (shown !== "") stream.write(shown);
  };
  return {
    terminal,
    write,
    line: (text) => write(`${text}\n`),
    status: (text) => {
      if (!terminal || (text === "" && shown === "")) return;
      shown = terminalText(text);
      stream.write(eraseLine + shown);
    },
  };
}
