import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Config, ConfigProblem, ConfigResult } from "../../src/config/config.ts";
import type { Environment } from "../../src/config/environment.ts";
import { parseConfig } from "../../src/config/parse-config.ts";

/** The configuration that ships. */
export const shippedText = readFileSync(join(import.meta.dirname, "../../switchyard.yaml"), "utf8");

/** Well-formed, and no one's. */
export const anyKey = "test-key-0123456789-abcdef";

/** Parses a text as if `files` were the only files there are. */
export function parse(
  text: string,
  env: Environment = {},
  files: Readonly<Record<string, string>> = {},
): ConfigResult {
  const readFile = (path: string): string => {
    const content = files[path];
    if (content === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
    return content;
  };
  return parseConfig({ text, env, readFile, shippedText });
}

/** The configuration of a text that should be valid; throws with its problems where it is not. */
export function configOf(
  text: string,
  env: Environment = {},
  files: Readonly<Record<string, string>> = {},
): Config {
  const result = parse(text, env, files);
  if (result.kind === "invalid") throw new Error(JSON.stringify(result.problems, undefined, 2));
  return result.config;
}

/** The problems of a text; none where it is valid. */
export function problemsOf(
  text: string,
  env: Environment = {},
  files: Readonly<Record<string, string>> = {},
): readonly ConfigProblem[] {
  const result = parse(text, env, files);
  return result.kind === "invalid" ? result.problems : [];
}
