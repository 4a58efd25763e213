import type { KeySource } from "./config.ts";
import { type Environment, settingOf } from "./environment.ts";
import { createSecret, type Secret } from "./secret.ts";

/** What a key's source holds at this moment. */
export type KeyReading =
  | { readonly kind: "set"; readonly secret: Secret }
  | { readonly kind: "unset" }
  /** Why it cannot be a key; shows none of its characters. */
  | { readonly kind: "malformed"; readonly message: string; readonly secret: Secret | undefined };

/** What reading keys needs from outside. */
export interface KeyReader {
  readonly env: Environment;
  /** Throws where it cannot. */
  readonly readFile: (path: string) => string;
}

/** No provider gives out shorter ones; what is shorter was cut off or made up. */
export const shortestKey = 20;
/** A header of more than 16 KiB ends the connection; a token that long is a mistake anyway. */
const longestKey = 8_192;

/**
 * Reads one key from its variable or file; also used when a file changes.
 * @param host of the upstream, for the hint where its keys come from
 */
export function readKey(source: KeySource, host: string, { env, readFile }: KeyReader): KeyReading {
  if (source.kind === "simulator") return { kind: "set", secret: simulatorSecret() };
  if (source.kind === "env") {
    const value = settingOf(env, source.name);
    return value === undefined ? { kind: "unset" } : judge(value, host);
  }
  let text: string;
  try {
    text = readFile(source.path);
  } catch (error) {
    return malformed(`names a file that ${unreadable(error)}; ${originOf(host)}`);
  }
  const value = text.replace(/^\uFEFF/, "").trim();
  return value === "" ? malformed(`names a file that is empty; ${originOf(host)}`) : judge(value, host);
}

/** What the simulator takes for a key: well-formed, and worth nothing. */
export function simulatorSecret(): Secret {
  return createSecret("simulated-key-that-opens-nothing");
}

/** Where the keys of an upstream come from, as a hint for people. */
export function originOf(host: string): string {
  const page = keyPages[host];
  return page === undefined
    ? `keys come from the account page of the provider behind ${host}`
    : `keys come from ${page}`;
}

const keyPages: Readonly<Record<string, string>> = {
  "api.holysheep.ai": "your account at https://www.holysheep.ai",
  "api.openai.com": "https://platform.openai.com/api-keys",
};

/** Why a text cannot stand in an `authorization` header, or undefined; shows none of it. */
export function textFault(value: string): string | undefined {
  if (/^bearer\s/i.test(value)) return 'begins with "Bearer"; give the key alone';
  if (/\s/.test(value)) return "contains a space or a line break";
  if (/[^\u0021-\u007e]/.test(value)) return "contains a control character or one outside ASCII";
  return value.length > longestKey ? `is longer than ${longestKey} characters` : undefined;
}

function keyFault(value: string): string | undefined {
  const fault = textFault(value);
  if (fault !== undefined) return fault;
  if (/^(["'`]).*\1$/.test(value)) return "is wrapped in quotes; remove them";
  if (/^(?:\$\{.*\}|\$\(.*\)|<.*>|your[-_].*key.*)$/i.test(value)) return "is a placeholder, not a key";
  return value.length < shortestKey ? `is shorter than ${shortestKey} characters` : undefined;
}

function judge(value: string, host: string): KeyReading {
  const fault = keyFault(value);
  return fault === undefined
    ? { kind: "set", secret: createSecret(value) }
    : malformed(`holds no well-formed key: it ${fault}; ${originOf(host)}`, createSecret(value));
}

function malformed(message: string, secret?: Secret): KeyReading {
  return { kind: "malformed", message, secret };
}

/** The system's message would repeat the path, and that may be a key pasted into `file`. */
function unreadable(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return "does not exist";
    case "EACCES":
    case "EPERM":
      return "this process may not read";
    case "EISDIR":
      return "is a directory";
    default:
      return "cannot be read";
  }
}
