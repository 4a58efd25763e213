import { closestNames } from "../routing/closest-names.ts";
import { defaultLogLevel } from "./defaults.ts";
import type { Finding } from "./config-path.ts";

/** The environment as it was when the process began; only the command line reads `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Environment variables that override `listen`. */
export const listenVariables = {
  connect: "SWITCHYARD_LISTEN_CONNECT",
  grpc: "SWITCHYARD_LISTEN_GRPC",
  operator: "SWITCHYARD_LISTEN_OPERATOR",
} as const;

/** Environment variable with the path of the file. */
export const configVariable = "SWITCHYARD_CONFIG";

const logLevelVariable = "SWITCHYARD_LOG_LEVEL";
const prefix = "SWITCHYARD_";
const logLevels: readonly string[] = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/** The trimmed value of a variable; empty counts as unset. */
export function settingOf(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === "" ? undefined : value;
}

/** The level of the log, or the finding that says why there is none. */
export function logLevelOf(env: Environment): {
  readonly level: string;
  readonly findings: readonly Finding[];
} {
  const wanted = settingOf(env, logLevelVariable)?.toLowerCase() ?? defaultLogLevel;
  if (logLevels.includes(wanted)) return { level: wanted, findings: [] };
  const closest = closestNames(wanted, logLevels, 1)[0];
  const hint = closest === undefined ? "" : ` (did you mean ${closest}?)`;
  const message = `must be one of ${logLevels.join(", ")}${hint}`;
  return { level: defaultLogLevel, findings: [{ variable: logLevelVariable, message }] };
}

/** Values of variables that by their names hold secrets, whether or not the file uses them: for redaction. */
export function secretsIn(env: Environment): readonly string[] {
  return Object.keys(env)
    .filter((name) => /(?:KEY|TOKEN|SECRET|PASSWORD)$/i.test(name))
    .flatMap((name) => settingOf(env, name) ?? []);
}

/**
 * Warnings about variables that look like ours but are not, such as `SWITCHYARD_LISTEN_GPRC`.
 * Only near misses: orchestrators set their own variables with a service's name as prefix.
 */
export function misspelledVariables(env: Environment): readonly string[] {
  const known: readonly string[] = [configVariable, logLevelVariable, ...Object.values(listenVariables)];
  return Object.keys(env).flatMap((name) => {
    if (!name.startsWith(prefix) || known.includes(name) || settingOf(env, name) === undefined) return [];
    const rest = name.slice(prefix.length);
    const closest = closestNames(
      rest,
      known.map((candidate) => candidate.slice(prefix.length)),
      1,
    )[0];
    if (closest === undefined || Math.abs(closest.length - rest.length) > 3) return [];
    return [`environment variable ${name} means nothing here; did you mean ${prefix}${closest}?`];
  });
}
