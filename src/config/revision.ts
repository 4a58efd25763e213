import { createHash } from "node:crypto";
import type { Config } from "./config.ts";

/**
 * First 12 hex digits of the SHA-256 of a configuration: equal for two files that mean the same, in whatever
 * order their maps stand. Secrets stay out of it: a short one could be found from its hash.
 */
export function revisionOf(config: Omit<Config, "revision">): string {
  const { warnings: _, ...effective } = config;
  return createHash("sha256").update(canonicalText(effective)).digest("hex").slice(0, 12);
}

/** One text for all values that mean the same in a configuration; a secret shows only that it is there. */
export function canonicalText(value: unknown): string {
  return JSON.stringify(canonical(value)) ?? "";
}

/** Maps sorted by name, sets as lists, whole numbers of any size as text, secrets and functions gone. */
function canonical(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Map) return canonical(Object.fromEntries(value));
  if (value instanceof Set) return [...value].map(String).toSorted();
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  // A secret shows that it is there and nothing else.
  if ("reveal" in value) return "secret";
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, item]) => [name, canonical(item)]),
  );
}
