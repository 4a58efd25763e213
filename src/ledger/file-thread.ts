import { existsSync } from "node:fs";
import { getCompileCacheDir } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { settledWithin } from "../telemetry/settled-within.ts";
import type { ThreadData, ThreadReply, ThreadRequest, ThreadWork } from "./sqlite-messages.ts";
import { storeFailed, type StoreResult } from "./store.ts";

/** A thread that owns a ledger's file. */
export interface FileThread {
  /** In order, one after the other. Fails where the thread has ended. */
  readonly ask: (work: ThreadWork) => Promise<StoreResult<unknown>>;
  readonly ended: () => boolean;
  /** Lets it end what it is at, for some seconds. */
  readonly close: () => Promise<void>;
}

const closeMs = 2_000;

/** Starts it; it opens the file at `path` with the first thing it is asked for. */
export function startFileThread(path: string): FileThread {
  const data: ThreadData = { path };
  const worker = new Worker(threadFile(), {
    workerData: data,
    name: "switchyard-ledger",
    execArgv: [],
    env: threadEnvironment(),
  });
  const waiting = new Map<number, (result: StoreResult<unknown>) => void>();
  let asked = 0;
  let whyEnded: StoreResult<never> | undefined;

  const end = (why: string): void => {
    whyEnded ??= storeFailed("THREAD_ENDED", why);
    for (const settle of waiting.values()) settle(whyEnded);
    waiting.clear();
  };
  worker.on("message", ({ id, result }: ThreadReply) => {
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  // A bug in it; its own sentence is all that is left of it.
  worker.on("error", (error: Error) => end(`the thread of the ledger's file broke: ${error.message}`));
  worker.on("exit", () => end("the thread of the ledger's file has ended"));

  const ask = (work: ThreadWork): Promise<StoreResult<unknown>> => {
    if (whyEnded !== undefined) return Promise.resolve(whyEnded);
    const request: ThreadRequest = { id: (asked += 1), work };
    return new Promise((resolve) => {
      waiting.set(request.id, resolve);
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      worker.postMessage(request);
    });
  };
  return {
    ask,
    ended: () => whyEnded !== undefined,
    close: async () => {
      await settledWithin(
        closeMs,
        async () => void (await ask({ kind: "close" })),
        () => {},
      );
      end("the thread of the ledger's file is closed");
      // Not awaited: a thread that hangs in a disk does not end.
      void worker.terminate();
    },
  };
}

/**
 * Nothing of the process's own but the compile cache, in which Node gives a thread no part by itself: from the sources it
 * would load Node's compiler of TypeScript for its few files, and keep it, which is 25 MiB.
 */
function threadEnvironment(): Readonly<Record<string, string>> {
  const cache = getCompileCacheDir();
  // Node appends its own version to the folder that it is given.
  return cache === undefined ? {} : { NODE_COMPILE_CACHE: dirname(cache) };
}

/** Beside this file in a checkout; a bundle has it at its top, and this file in a chunk below. */
function threadFile(): URL {
  const places = ["./sqlite-thread.ts", "./sqlite-thread.js", "../sqlite-thread.js"];
  const found = places
    .map((place) => new URL(place, import.meta.url))
    .find((url) => existsSync(fileURLToPath(url)));
  if (found === undefined) throw new Error("the file of the ledger's thread is missing");
  return found;
}
