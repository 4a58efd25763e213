import { closeSync, fsyncSync, ftruncateSync, openSync, readSync, renameSync, writeSync } from "node:fs";

/** What is known of a line that has its result. */
export interface DoneLine {
  /** From 1. */
  readonly line: number;
  readonly digest: string;
  /** The status' gRPC name, or INVALID_LINE. */
  readonly status: string;
}

/** The results of a batch: a file of JSON lines that only grows. */
export interface BatchResults {
  /** Results that were there at the start, by line. */
  readonly done: ReadonlyMap<number, DoneLine>;
  /** One write a line, so that a kill leaves a whole line or a part that the next start cuts off. */
  readonly append: (result: DoneLine & Readonly<Record<string, unknown>>) => void;
  /** On disk for good. */
  readonly close: () => void;
}

export type OpenedResults =
  | { readonly kind: "opened"; readonly results: BatchResults }
  | { readonly kind: "foreign"; readonly line: number };

const chunkBytes = 1024 * 1024;

/**
 * Opens the file, or makes it. A last line that was cut short is removed; a line that is no result is a foreign file.
 * @param onlyGood also removes the results of lines that failed
 */
export function openBatchResults(path: string, onlyGood: boolean): OpenedResults {
  const file = openSync(path, "a+", 0o600);
  const done = new Map<number, DoneLine>();
  const good: string[] = [];
  let wholeBytes = 0;
  let lines = 0;
  for (const text of wholeLines(file)) {
    lines += 1;
    const result = readResult(text);
    if (result === undefined) {
      closeSync(file);
      return { kind: "foreign", line: lines };
    }
    wholeBytes += Buffer.byteLength(text) + 1;
    if (onlyGood && result.status !== "OK") continue;
    if (onlyGood) good.push(text);
    done.set(result.line, result);
  }
  if (onlyGood && done.size < lines) {
    closeSync(file);
    replaceFile(path, good);
    return openBatchResults(path, false);
  }
  ftruncateSync(file, wholeBytes);
  return {
    kind: "opened",
    results: {
      done,
      append: (result) => {
        writeSync(file, `${JSON.stringify(result)}\n`);
      },
      close: () => {
        fsyncSync(file);
        closeSync(file);
      },
    },
  };
}

/** Lines that are ended; what comes after the last of them is not given. */
function* wholeLines(file: number): Generator<string> {
  let rest = Buffer.alloc(0);
  for (let position = 0; ;) {
    const chunk = Buffer.alloc(chunkBytes);
    const read = readSync(file, chunk, 0, chunkBytes, position);
    if (read === 0) return;
    position += read;
    rest = Buffer.concat([rest, chunk.subarray(0, read)]);
    for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10)) {
      yield rest.toString("utf8", 0, end);
      rest = rest.subarray(end + 1);
    }
  }
}

/** All or nothing: a kill in the middle leaves the file as it was. */
function replaceFile(path: string, lines: readonly string[]): void {
  const next = `${path}.next`;
  const file = openSync(next, "w", 0o600);
  for (const line of lines) writeSync(file, `${line}\n`);
  fsyncSync(file);
  closeSync(file);
  renameSync(next, path);
}

function readResult(text: string): DoneLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { line, digest, status } = value as Partial<DoneLine>;
  if (typeof line !== "number" || typeof digest !== "string" || typeof status !== "string") return undefined;
  return { line, digest, status };
}
