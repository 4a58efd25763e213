import type { ConfigProblem } from "./config.ts";

/** Place of a value in the configuration: names of maps, positions in lists from 0. */
export type ConfigPath = readonly (string | number)[];

/** Something wrong, before its line is looked up: at a place in the file, or in an environment variable. */
export type Finding =
  | { readonly at: ConfigPath; readonly message: string }
  | { readonly variable: string; readonly message: string };

/** A finding as it is reported. */
export function toProblem(finding: Finding, lineOf: (path: ConfigPath) => number | undefined): ConfigProblem {
  return "at" in finding
    ? { path: formatPath(finding.at), line: lineOf(finding.at), message: finding.message }
    : { path: finding.variable, line: undefined, message: finding.message };
}

/** A path as people read it: `upstreams.holysheep.keys[0].env`. */
function formatPath(path: ConfigPath): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join("");
}
