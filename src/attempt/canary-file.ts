import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname, format, parse } from "node:path";
import { type RollbackRule, rollbackRules } from "../routing/canary-verdict.ts";
import type { CanaryStanding, CanaryStore, LoadedCanary, SavedCanary } from "./canary-store.ts";

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
        return readSaved(await readFile(path, "utf8"));
      } catch (error) {
        // Nothing was ever saved; anything else may hide a roll-back.
        return isMissing(error) ? { kind: "nothing" } : { kind: "unreadable" };
      }
    },
    save: async (saved) => {
      const draft = `${path}.${process.pid}.${saved.changedAt}`;
      try {
        await writeWhole(draft, `${JSON.stringify(saved, undefined, 2)}\n`);
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

function readSaved(text: string): LoadedCanary {
  try {
    const saved = savedOf(JSON.parse(text));
    return saved === undefined ? { kind: "unreadable" } : { kind: "saved", saved };
  } catch {
    return { kind: "unreadable" };
  }
}

type Fields = Readonly<Record<string, unknown>>;

function savedOf(value: unknown): SavedCanary | undefined {
  if (!isFields(value) || !isFields(value["standing"])) return undefined;
  const { stable, canary, configuredBasisPoints, changedAt } = value;
  const standing = standingOf(value["standing"]);
  return typeof stable === "string" &&
    typeof canary === "string" &&
    isBasisPoints(configuredBasisPoints) &&
    typeof changedAt === "number" &&
    standing !== undefined
    ? { stable, canary, configuredBasisPoints, changedAt, standing }
    : undefined;
}

function standingOf({ kind, weightBasisPoints, rule, why, at }: Fields): CanaryStanding | undefined {
  if (kind === "trying" && isBasisPoints(weightBasisPoints)) return { kind, weightBasisPoints };
  return kind === "rolled-back" && isRule(rule) && typeof why === "string" && typeof at === "number"
    ? { kind, rule, why, at }
    : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}

function isBasisPoints(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 10_000;
}

function isRule(value: unknown): value is RollbackRule {
  return (rollbackRules as readonly unknown[]).includes(value);
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
