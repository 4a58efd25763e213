import { type RollbackRule, rollbackRules } from "../routing/canary-verdict.ts";
import { isRecord, type JsonRecord, parseJson } from "../upstream/untrusted-json.ts";
import type { CanaryStanding, LoadedCanary, SavedCanary } from "./canary-store.ts";

/** As a person can read it, too. */
export function writeCanaryText(saved: SavedCanary): string {
  return `${JSON.stringify(saved, undefined, 2)}\n`;
}

/** What a text says that {@link writeCanaryText} wrote; `unreadable` for any other. */
export function readCanaryText(text: string): LoadedCanary {
  const saved = savedOf(parseJson(text));
  return saved === undefined ? { kind: "unreadable" } : { kind: "saved", saved };
}

function savedOf(value: unknown): SavedCanary | undefined {
  if (!isRecord(value) || !isRecord(value["standing"])) return undefined;
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

function standingOf({ kind, weightBasisPoints, rule, why, at }: JsonRecord): CanaryStanding | undefined {
  if (kind === "trying" && isBasisPoints(weightBasisPoints)) return { kind, weightBasisPoints };
  return kind === "rolled-back" && isRule(rule) && typeof why === "string" && typeof at === "number"
    ? { kind, rule, why, at }
    : undefined;
}

function isBasisPoints(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 10_000;
}

function isRule(value: unknown): value is RollbackRule {
  return (rollbackRules as readonly unknown[]).includes(value);
}
