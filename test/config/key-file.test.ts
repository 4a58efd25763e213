import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readKeyFile } from "../../src/config/key-file.ts";
import { anyKey } from "../support/parsed-config.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "switchyard-key-file-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const windows = process.platform === "win32";
const titled = (name: string): string => (windows ? `${name} (skipped: Windows has no such files)` : name);
const nobody = 65_534;

/** Root may read everything, so it does the work as a user who may not. */
async function withoutRoot<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  chmodSync(folder, 0o711);
  process.seteuid?.(nobody);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

describe("a key's file that is read again", () => {
  it("is its text, through links too", async () => {
    writeFileSync(join(folder, "key"), `${anyKey}\n`);
    symlinkSync("key", join(folder, "link"));
    for (const name of ["key", "link"]) {
      expect(await readKeyFile(join(folder, name))).toEqual({ kind: "text", text: `${anyKey}\n` });
    }
  });

  it("that is missing, a folder, or far too large is unreadable", async () => {
    writeFileSync(join(folder, "large"), "x".repeat(65_537));
    for (const [path, code] of [
      ["missing", "ENOENT"],
      ["", "EISDIR"],
      ["large", undefined],
    ] as const) {
      const read = await readKeyFile(join(folder, path));
      expect(read.kind === "unreadable" && (read.error as NodeJS.ErrnoException).code).toBe(code);
    }
  });

  it.skipIf(windows)(titled("that may not be read is unreadable"), async () => {
    writeFileSync(join(folder, "key"), anyKey);
    chmodSync(join(folder, "key"), 0o000);
    expect(await withoutRoot(() => readKeyFile(join(folder, "key")))).toMatchObject({
      kind: "unreadable",
      error: { code: "EACCES" },
    });
  });

  it.skipIf(windows)(titled("that is a pipe is not waited for: it held what it held"), async () => {
    execFileSync("mkfifo", [join(folder, "pipe")]);
    expect(await readKeyFile(join(folder, "pipe"))).toEqual({ kind: "unrepeatable" });
  });
});
