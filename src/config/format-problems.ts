import type { ConfigProblem } from "./config.ts";

/**
 * Problems for a terminal, one a line as `switchyard.yaml:12 models.x.price: …`, with their number at the end.
 * Problems of the environment have no line and no file.
 */
export function formatProblems(fileName: string, problems: readonly ConfigProblem[]): string {
  const lines = problems
    .toSorted((a, b) => orderOf(a) - orderOf(b))
    .map(({ path, line, message }) => {
      const place =
        line === undefined ? path : [`${fileName}:${line}`, path].filter((part) => part !== "").join(" ");
      return printable(`${place === "" ? fileName : place}: ${message}`);
    });
  return [...lines, `${problems.length} ${problems.length === 1 ? "problem" : "problems"}`].join("\n");
}

/** The environment's problems, which have no line, stand last. */
function orderOf({ line }: ConfigProblem): number {
  return line ?? Number.MAX_SAFE_INTEGER;
}

/** Names come from the file: a terminal must not obey escape sequences in them. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\u{FFFD}");
}
