import { write, writeSync } from "node:fs";
import type { DestinationStream } from "pino";

/** Where lines go. */
export type LogOutput = DestinationStream;

// Written off the event loop, because a slow reader of stdout must not stop calls; what it leaves unread beyond
// this is dropped.
const mostUnread = 8 * 1024 * 1024;
// Lines that come close together are written together: a write wakes a thread, which takes longer than ten lines.
const writtenTogether = 64 * 1024;
const togetherMs = 50;
/** Between two tries at a pipe that is full. */
const fullPipeMs = 20;
/** What the process's end waits for the reader of a full pipe. */
const lastTries = 50;

/**
 * Standard output, which writes off the event loop, and what is left at the process's end. Our own and not pino's
 * destination: at the end that repeats a write that fails, for whatever reason, for ever, so that a process whose
 * reader has died does not end. @see test/telemetry/standard-output.test.ts
 * @param fd 1 but in tests
 */
export function standardOutput(fd = 1): LogOutput {
  let waiting: string[] = [];
  let unread = 0;
  let writing = false;
  let broken = false;
  let timer: NodeJS.Timeout | undefined;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (writing || broken || waiting.length === 0) return;
    writing = true;
    const text = waiting.join("");
    waiting = [];
    writeFrom(Buffer.from(text), 0, () => {
      writing = false;
      unread -= text.length;
      // What came meanwhile has waited long enough.
      if (waiting.length > 0) flush();
    });
  };

  const writeFrom = (bytes: Buffer, from: number, done: () => void): void => {
    write(fd, bytes, from, (error, written) => {
      if (error !== null && error.code !== "EAGAIN") {
        // Nobody reads any more: lines are for nobody.
        broken = true;
        waiting = [];
        return;
      }
      const next = from + (error === null ? written : 0);
      if (next === bytes.length) done();
      else if (error === null) writeFrom(bytes, next, done);
      else setTimeout(() => writeFrom(bytes, next, done), fullPipeMs).unref();
    });
  };

  process.once("exit", () => {
    if (!broken) writeLast(fd, Buffer.from(waiting.join("")));
  });

  return {
    write: (line) => {
      if (broken || unread > mostUnread) return;
      waiting.push(line);
      unread += line.length;
      if (unread >= writtenTogether) flush();
      else timer ??= setTimeout(flush, togetherMs).unref();
    },
  };
}

function writeLast(fd: number, bytes: Buffer): void {
  let from = 0;
  for (let tries = 0; from < bytes.length && tries < lastTries;) {
    try {
      from += writeSync(fd, bytes, from);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) return;
      tries += 1;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, fullPipeMs);
    }
  }
}
