import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A disk of eight megabytes that a test can fill. */
export interface SmallDisk extends Disposable {
  readonly folder: string;
  /** Until nothing more fits. */
  readonly fill: () => void;
  /** Takes away what filled it. */
  readonly free: () => void;
}

/** Mounts one in memory; undefined where this process may not mount. */
export function mountSmallDisk(): SmallDisk | undefined {
  const folder = mkdtempSync(join(tmpdir(), "switchyard-disk-"));
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], {
    stdio: "ignore",
  });
  if (status !== 0) {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  const ballast = join(folder, "ballast");
  return {
    folder,
    fill: () => {
      for (let sizeBytes = 1024 * 1024; sizeBytes >= 512; sizeBytes /= 2) {
        try {
          writeFileSync(ballast, Buffer.alloc(sizeBytes), { flag: "a" });
          sizeBytes *= 2;
        } catch {
          // Half as much, then.
        }
      }
    },
    free: () => rmSync(ballast, { force: true }),
    [Symbol.dispose]: () => {
      spawnSync("umount", ["--lazy", folder], { stdio: "ignore" });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
