import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "./gateway-process.ts";

/** A fenced block of the README. */
export interface ReadmeBlock {
  readonly language: string;
  readonly text: string;
  /** Of the section in which it stands. */
  readonly heading: string;
}

/** The README's blocks in order, as a reader would copy them. */
export function readmeBlocks(): readonly ReadmeBlock[] {
  const lines = readFileSync(join(repository, "README.md"), "utf8").split("\n");
  const blocks: ReadmeBlock[] = [];
  let heading = "";
  let open: { language: string; lines: string[] } | undefined;
  for (const line of lines) {
    if (open !== undefined) {
      if (line === "```") {
        blocks.push({ language: open.language, text: open.lines.join("\n"), heading });
        open = undefined;
      } else open.lines.push(line);
    } else if (line.startsWith("```")) open = { language: line.slice(3), lines: [] };
    else if (line.startsWith("#")) heading = line.replace(/^#+ /, "");
  }
  return blocks;
}

/** The commands of the README's tables: `npx switchyard models` and the like. */
export function readmeCommands(): readonly string[] {
  const text = readFileSync(join(repository, "README.md"), "utf8");
  return [...text.matchAll(/^\| `(npx switchyard [^`]+)` \|/gm)].map(([, command = ""]) => command);
}

/** What differs from run to run is masked: ids, instants, durations. */
export function masked(text: string): string {
  return text
    .replace(/\b(?:PROD|CNRY)_[0-9A-Z]{26}\b/g, "<decision>")
    .replace(/\b[0-9a-f]{32}\b/g, "<trace>")
    .replace(/"configRevision":\s*"[0-9a-f]{12}"/g, '"configRevision":"<revision>"')
    .replace(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"<time>"')
    .replace(/"\d+(?:\.\d+)?s"/g, '"<duration>"')
    .replace(/\b\d+(?:\.\d+)? (?:ms|s)\b/g, "<duration>")
    .replace(/[ \t]+$/gm, "")
    .trim();
}
