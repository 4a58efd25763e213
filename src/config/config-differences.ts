import type { Config } from "./config.ts";
import { canonicalText } from "./revision.ts";

/** Not configuration, but what was found while reading it. */
const found: ReadonlySet<string> = new Set(["revision", "warnings"]);

/** Names of the sections in which two configurations differ, such as `models`; none where their revisions agree. */
export function configDifferences(from: Config, to: Config): string[] {
  const after = new Map(Object.entries(to));
  return Object.entries(from)
    .filter(([name, value]) => !found.has(name) && canonicalText(value) !== canonicalText(after.get(name)))
    .map(([name]) => name);
}
