import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** A file of the source tree; the path begins at the repository's root and has forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Every TypeScript file below a folder of the repository. */
export function sourceFiles(root: string, folder: string): readonly SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((name) => posix.join(folder, name.replaceAll("\\", "/")))
    .filter((path) => path.endsWith(".ts"))
    .toSorted()
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

const imports: readonly RegExp[] = [
  // import … from "x"; export … from "x"; over several lines too
  /^[ \t]*(?:import|export)\b[^;"'`]*?\bfrom\s*["']([^"']+)["']/gm,
  // import "x";
  /^[ \t]*import\s*["']([^"']+)["']/gm,
  // import("x"), of a value or a type; require("x")
  /\b(?:import|require)\(\s*["']([^"']+)["']/g,
];

/**
 * What a file imports, as the tables of architecture.test.ts name it: a folder of src (`routing`), a file of
 * src itself (`gateway.ts`), `gen`, `node`, a package or a scope (`@bufbuild`); else the path from the root.
 */
export function importsOf(file: SourceFile): readonly string[] {
  const specifiers = imports.flatMap((pattern) =>
    [...file.text.matchAll(pattern)].flatMap(([, name]) => name ?? []),
  );
  return [...new Set(specifiers.map((specifier) => targetOf(file.path, specifier)))];
}

function targetOf(from: string, specifier: string): string {
  if (specifier.startsWith("node:")) return "node";
  if (!specifier.startsWith(".")) return specifier.split("/")[0] ?? specifier;
  const path = posix.join(posix.dirname(from), specifier);
  const [top, next] = path.split("/");
  if (top === "gen") return "gen";
  return top === "src" && next !== undefined ? next : path;
}

/** The lines of a file that are not comments, with their numbers from 1. */
export function codeLines(file: SourceFile): readonly { readonly number: number; readonly text: string }[] {
  return file.text
    .split("\n")
    .map((text, index) => ({ number: index + 1, text }))
    .filter(({ text }) => !/^\s*(?:\/\/|\/?\*)/.test(text));
}
