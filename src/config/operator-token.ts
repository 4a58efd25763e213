import type { Finding } from "./config-path.ts";
import { type Environment, settingOf } from "./environment.ts";
import { shortestKey, textFault } from "./keys.ts";
import { valueAt } from "./raw-value.ts";
import { createSecret, type Secret } from "./secret.ts";
import { variableName } from "./schema-catalog.ts";

/** The operators' token, or why there is none although the file names its variable. */
export interface OperatorToken {
  /** Undefined: the file asks for none. */
  readonly token: Secret | undefined;
  readonly findings: readonly Finding[];
  readonly warnings: readonly string[];
}

/** Reads the token. Named and not set is a problem even on loopback: it must never fail open. */
export function readOperatorToken(value: unknown, env: Environment): OperatorToken {
  const name = variableName.safeParse(valueAt(value, ["operator", "tokenEnv"]));
  if (!name.success) return { token: undefined, findings: [], warnings: [] };
  const refuse = (message: string): Finding[] => [{ variable: name.data, message }];
  const token = settingOf(env, name.data);
  if (token === undefined) {
    const message =
      "is not set, but operator.tokenEnv names it; set it to the operators' token, or remove tokenEnv";
    return { token: undefined, findings: refuse(message), warnings: [] };
  }
  const fault = textFault(token);
  const warnings =
    token.length < shortestKey
      ? [`the operators' token in ${name.data} is short; make a better one with: openssl rand -hex 32`]
      : [];
  return {
    token: createSecret(token),
    warnings,
    findings: fault === undefined ? [] : refuse(`holds no token that a header can carry: it ${fault}`),
  };
}
