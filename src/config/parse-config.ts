import { buildConfig } from "./build-config.ts";
import type { ConfigProblem, ConfigResult } from "./config.ts";
import { readConfiguredKeys } from "./configured-keys.ts";
import { type ConfigPath, toProblem } from "./config-path.ts";
import { contradictionFindings } from "./contradictions.ts";
import { type Environment, logLevelOf, misspelledVariables, secretsIn } from "./environment.ts";
import { listenersOf } from "./listeners.ts";
import { nameFindings } from "./names.ts";
import { readOperatorToken } from "./operator-token.ts";
import { createRedactor, findPastedKeys } from "./pasted-key.ts";
import { referenceFindings } from "./references.ts";
import { fileSchema } from "./schema.ts";
import { writtenSections } from "./sections.ts";
import { shapeFindings } from "./shape-problems.ts";
import { decideSupply } from "./supply.ts";
import { readYaml } from "./yaml-text.ts";

/** Everything that a configuration is made from. */
export interface ConfigSources {
  /** The file. Empty means all defaults. */
  readonly text: string;
  readonly env: Environment;
  /** For keys in files; throws where it cannot read. */
  readonly readFile: (path: string) => string;
  /** The file that ships; its catalog stands in where a file has none of its own. */
  readonly shippedText: string;
}

/**
 * Reads a configuration: the whole of it, or every problem at once. Pure but for `readFile`; never throws.
 * No problem, warning or revision holds a character of a key. @see test/config/parse-config.test.ts
 */
export function parseConfig({ text, env, readFile, shippedText }: ConfigSources): ConfigResult {
  const yaml = readYaml(text);
  const { value, borrowed } = writtenSections(yaml.value, () => readYaml(shippedText).value);
  const lineOf = (path: ConfigPath): number | undefined =>
    borrowed.has(String(path[0])) ? undefined : yaml.lineOf(path);

  const keys = readConfiguredKeys(value, { env, readFile });
  const operator = readOperatorToken(value, env);
  const secrets = [...keys.secrets, ...(operator.token === undefined ? [] : [operator.token.reveal()])];
  const { listen, findings: listenFindings } = listenersOf(value, env);
  const { level, findings: levelFindings } = logLevelOf(env);
  const supply = decideSupply(value, keys);
  const parsed = fileSchema.safeParse(value);

  const fromEnvironment = [...listenFindings, ...levelFindings, ...keys.findings, ...operator.findings];
  const fromFile = [
    ...(parsed.success ? [] : shapeFindings(parsed.error, value)),
    ...findPastedKeys(value, secrets),
    ...nameFindings(value),
    ...referenceFindings(value),
    ...contradictionFindings(value),
    ...supply.findings,
  ];
  // Where the text is no YAML, the value is empty: what it then lacks says nothing.
  const findings =
    yaml.value === undefined ? [...listenFindings, ...levelFindings] : [...fromEnvironment, ...fromFile];
  const problems = [...yaml.problems, ...findings.map((finding) => toProblem(finding, lineOf))];
  if (problems.length > 0 || !parsed.success) {
    return { kind: "invalid", problems: tidy(problems, createRedactor([...secrets, ...secretsIn(env)])) };
  }
  return {
    kind: "valid",
    config: buildConfig(parsed.data, {
      listen,
      logLevel: level,
      operator: { token: operator.token },
      keys,
      supply,
      warnings: [...misspelledVariables(env), ...operator.warnings],
    }),
  };
}

/** Each once, and nothing of a key in them. */
function tidy(
  problems: readonly ConfigProblem[],
  redact: (text: string) => string,
): readonly ConfigProblem[] {
  const distinct = new Map<string, ConfigProblem>();
  for (const { path, line, message } of problems) {
    const problem = { path: redact(path), line, message: redact(message) };
    distinct.set(`${problem.path}\n${problem.message}`, problem);
  }
  return [...distinct.values()];
}
