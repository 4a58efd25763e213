import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";

/** Which core the measured process has to itself, and which one everything beside it shares. */
export interface Cores {
  readonly subject: number;
  readonly side: number;
}

/** Undefined where there is no `taskset` or only one core: then nothing is pinned, and the report says so. */
export function findCores(): Cores | undefined {
  if (availableParallelism() < 2) return undefined;
  try {
    execFileSync("taskset", ["--cpu-list", "0,1", "true"], { stdio: "ignore" });
    return { subject: 0, side: 1 };
  } catch {
    return undefined;
  }
}

/** The command with its core in front. */
export function pinned(command: readonly string[], core: number | undefined): readonly string[] {
  return core === undefined ? command : ["taskset", "--cpu-list", `${core}`, ...command];
}
