import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pinned } from "./cores.ts";

/** A program of ours or of others that runs beside the bench. */
export interface SideProcess {
  readonly pid: number;
  /** All that it has printed so far, both outputs. */
  readonly output: () => string;
  /** Milliseconds from its start until it was ready. */
  readonly readyMs: number;
  readonly stop: () => Promise<void>;
}

export interface SideProcessOptions {
  readonly name: string;
  readonly command: readonly string[];
  readonly core: number | undefined;
  /** Where its output goes: a file, because a reader at the other end of a pipe would take part in the work. */
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Asked every few milliseconds with what it printed; true, or a promise of it, once it can be called. */
  readonly isReady: (output: string) => boolean | Promise<boolean>;
  readonly readyWithinMs?: number;
}

let started = 0;

/** Starts it and waits until it is ready. Rejects with the end of what it printed where it ends or takes too long. */
export async function startSideProcess(options: SideProcessOptions): Promise<SideProcess> {
  const log = join(options.folder, `${options.name}-${++started}.log`);
  const file = openSync(log, "a");
  const [program = "", ...words] = pinned(options.command, options.core);
  const { PATH = "", HOME = "/" } = process.env;
  const startedAt = performance.now();
  const child = spawn(program, words, {
    cwd: options.cwd ?? join(import.meta.dirname, ".."),
    env: { PATH, HOME, ...options.env },
    stdio: ["ignore", file, file],
  });
  closeSync(file);
  let failure: Error | undefined;
  child.on("error", (error) => (failure = error));
  const output = (): string => readFileSync(log, "utf8");
  const stop = (): Promise<void> => endOf(child);
  const giveUpAt = startedAt + (options.readyWithinMs ?? 20_000);
  while (!(await options.isReady(output()))) {
    const ended = failure !== undefined || child.exitCode !== null || child.signalCode !== null;
    if (ended || performance.now() > giveUpAt) {
      await stop();
      const why = failure?.message ?? (ended ? "it ended" : "it was not ready in time");
      throw new Error(`${options.name}: ${why}\n${output().slice(-2000)}`);
    }
    await sleep(5);
  }
  return { pid: child.pid ?? 0, output, readyMs: performance.now() - startedAt, stop };
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const stubborn = setTimeout(() => child.kill("SIGKILL"), 3000);
  await ended;
  clearTimeout(stubborn);
}
