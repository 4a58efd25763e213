// The thread that owns a ledger's file: SQLite waits for disks and locks, and calls must not wait with it.
import { existsSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { type LedgerFile, openLedgerFile } from "./ledger-file.ts";
import type { ThreadData, ThreadReply, ThreadRequest, ThreadWork } from "./sqlite-messages.ts";
import { sqliteProblem } from "./sqlite-problem.ts";
import type { StoreResult } from "./store.ts";

// Whoever starts this thread hands over this and nothing else.
const { path } = workerData as ThreadData;
let file: LedgerFile | undefined;

function opened(): LedgerFile {
  // Somebody took it away: what is written to it from now on would be gone with it.
  if (file !== undefined && !existsSync(path)) close();
  file ??= openLedgerFile(path);
  return file;
}

function close(): void {
  const last = file;
  file = undefined;
  last?.close();
}

function perform(work: ThreadWork): unknown {
  switch (work.kind) {
    case "open":
      opened();
      return undefined;
    case "append":
      return opened().append(work.rows);
    case "report":
      return opened().report(work.window);
    case "spending":
      return opened().spending(work.window);
    case "prune":
      return opened().prune(work.before, work.atMost);
    case "close":
      return close();
  }
}

function resultOf(work: ThreadWork): StoreResult<unknown> {
  try {
    return { kind: "done", value: perform(work) };
  } catch (error) {
    return sqliteProblem(error);
  }
}

parentPort?.on("message", ({ id, work }: ThreadRequest) => {
  const reply: ThreadReply = { id, result: resultOf(work) };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(reply);
  if (work.kind === "close") parentPort?.close();
});
