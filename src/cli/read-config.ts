import type { Config } from "../config/config.ts";
import { formatProblems } from "../config/format-problems.ts";
import { loadConfig } from "../config/load-config.ts";
import type { CliContext } from "./cli-context.ts";

/** The configuration as this process would serve it; undefined once every problem is printed. */
export function readConfig(context: CliContext, file: string | undefined): Config | undefined {
  const { fileName, result } = loadConfig({ env: configEnv(context, file), cwd: context.cwd });
  if (result.kind === "valid") return result.config;
  context.stderr.line(formatProblems(fileName, result.problems));
  return undefined;
}

/** The environment in which `--config` stands before `SWITCHYARD_CONFIG`. */
export function configEnv({ env }: CliContext, file: string | undefined): CliContext["env"] {
  return file === undefined ? env : { ...env, SWITCHYARD_CONFIG: file };
}
