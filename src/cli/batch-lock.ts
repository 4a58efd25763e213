import { readFileSync, unlinkSync, writeFileSync } from "node:fs";

/** The right to write to a file of results; disposing it gives the right back. */
export type BatchLock = Disposable &
  ({ readonly kind: "taken" } | { readonly kind: "held"; readonly pid: number });

/** Takes it, from a process that is no more as well. */
export function takeBatchLock(path: string): BatchLock {
  for (;;) {
    try {
      writeFileSync(path, `${process.pid}\n`, { flag: "wx" });
      return { kind: "taken", [Symbol.dispose]: () => unlinkSync(path) };
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    const pid = Number(readFileSync(path, "utf8"));
    if (isRunning(pid)) return { kind: "held", pid, [Symbol.dispose]: () => {} };
    unlinkSync(path);
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
