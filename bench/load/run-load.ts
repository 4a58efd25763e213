import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pinned } from "../cores.ts";
import type { LoadLine, LoadResult, LoadTask } from "./load-task.ts";

const program = join(import.meta.dirname, "load-main.ts");

/**
 * Runs a load in its own process and waits for its end.
 * @param onMark called as its marks come, before the process goes on for long
 */
export async function runLoad(
  task: LoadTask,
  core: number | undefined,
  onMark: (mark: Exclude<LoadLine["mark"], "result">) => void = () => undefined,
): Promise<LoadResult> {
  const [command = "", ...words] = pinned([process.execPath, program, JSON.stringify(task)], core);
  const child = spawn(command, words, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  let result: LoadResult | undefined;
  createInterface({ input: child.stdout }).on("line", (text) => {
    const line = JSON.parse(text) as LoadLine;
    if (line.mark === "result") result = line.result;
    else onMark(line.mark);
  });
  await ended;
  if (result === undefined) throw new Error(`the load on ${task.target.origin} ended without a result`);
  return result;
}
