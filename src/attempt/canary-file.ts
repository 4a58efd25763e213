import { randomUUID } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname, format, parse } from "node:path";
import type { CanaryStore } from "./canary-store.ts";
import { readCanaryText, writeCanaryText } from "./canary-text.ts";

/** The file that keeps the canary's standing beside a ledger's: `switchyard.db` has `switchyard.canary.json`. */
export function canaryFileOf(ledgerPath: string): string {
  const { dir, name } = parse(ledgerPath);
  return format({ dir, base: `${name}.canary.json` });
}

/** Keeps it in a file of JSON. A reader sees the old standing or the new one, whole. */
export function createCanaryFile(path: string): CanaryStore {
  return {
    load: async () => {
      try {
        return readCanaryText(await readFile(path, "utf8"));
      } catch (error) {
        // Nothing was ever saved; anything else may hide a roll-back.
        return isMissing(error) ? { kind: "nothing" } : { kind: "unreadable" };
      }
    },
    save: async (saved) => {
      const draft = `${path}.${randomUUID()}`;
      try {
        await writeWhole(draft, writeCanaryText(saved));
        await rename(draft, path);
        // Not every system lets a folder be opened.
        await sync(dirname(path)).catch(() => undefined);
        return true;
      } catch {
        await rm(draft, { force: true }).catch(() => undefined);
        return false;
      }
    },
  };
}

async function writeWhole(path: string, text: string): Promise<void> {
  await using file = await open(path, "w", 0o600);
  await file.writeFile(text);
  await file.sync();
}

/** A rename is lost with the power until its folder is written. */
async function sync(folder: string): Promise<void> {
  await using handle = await open(folder, "r");
  await handle.sync();
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
