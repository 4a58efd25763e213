import { readFileSync } from "node:fs";

/** What a process and those that it started have used so far, as Linux counts it. */
export interface ProcessUsage {
  /** User and system time of all its threads, in seconds, to 10 ms. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

// Both are constants of the kernel's interface on every platform that Node runs on.
const ticksPerSecond = 100;
const pageBytes = 4096;

/** Undefined on other systems, or once it is gone. */
export function processUsage(pid: number): ProcessUsage | undefined {
  const own = ownUsage(pid);
  if (own === undefined) return undefined;
  const all = [own, ...childrenOf(pid).flatMap((child) => processUsage(child) ?? [])];
  return {
    cpuSeconds: all.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    residentBytes: all.reduce((sum, { residentBytes }) => sum + residentBytes, 0),
  };
}

/** Those that its main thread started, as Node does. */
function childrenOf(pid: number): readonly number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    return children
      .split(" ")
      .filter((child) => child !== "")
      .map(Number);
  } catch {
    return [];
  }
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function ownUsage(pid: number): ProcessUsage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses, which may hold spaces.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [user = Number.NaN, system = Number.NaN, resident = Number.NaN] = [11, 12, 21].map((at) =>
      Number(fields[at]),
    );
    return { cpuSeconds: (user + system) / ticksPerSecond, residentBytes: resident * pageBytes };
  } catch {
    return undefined;
  }
}
