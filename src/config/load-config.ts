import { readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { ConfigResult } from "./config.ts";
import { configVariable, type Environment, settingOf } from "./environment.ts";
import { parseConfig } from "./parse-config.ts";

/** A configuration and the file it comes from. */
export interface LoadedConfig {
  /** As its reader knows it: the path in `SWITCHYARD_CONFIG`, or `switchyard.yaml`. */
  readonly fileName: string;
  /** Absolute; to watch, or to read again. */
  readonly path: string;
  readonly result: ConfigResult;
}

const defaultName = "switchyard.yaml";

/** Where a configuration is looked for. */
export interface ConfigPlace {
  readonly env: Environment;
  readonly cwd: string;
  /** What a key's file holds, as its path is written; undefined, or left out: it is read. */
  readonly keyText?: ((path: string) => string | undefined) | undefined;
}

/**
 * Finds and reads the configuration: `SWITCHYARD_CONFIG`, else `switchyard.yaml` in the working directory, else
 * the file that ships. Relative paths, those of key files too, start at the working directory. Never throws.
 */
export function loadConfig({ env, cwd, keyText }: ConfigPlace): LoadedConfig {
  const shipped = shippedPath(import.meta.dirname);
  const named = settingOf(env, configVariable);
  const local = resolve(cwd, defaultName);
  const path = named === undefined ? (isFile(local) ? local : (shipped ?? local)) : resolve(cwd, named);
  const fileName = named ?? defaultName;

  const file = readText(path);
  if (file.kind === "unreadable") {
    // The file named by a variable that went wrong: the variable is what has to change.
    const place = named === undefined ? "" : configVariable;
    const problem = { path: place, line: undefined, message: `${path} ${file.why}` };
    return { fileName, path, result: { kind: "invalid", problems: [problem] } };
  }
  const lent = shipped === undefined ? undefined : readText(shipped);
  const result = parseConfig({
    text: file.text,
    env,
    readFile: (keyPath) => keyText?.(keyPath) ?? readFileSync(resolve(cwd, keyPath), "utf8"),
    shippedText: lent?.kind === "text" ? lent.text : "",
  });
  return { fileName, path, result };
}

/** Beside the package's root: two folders up from here, one up from a bundle in `dist`. */
function shippedPath(from: string): string | undefined {
  const folders = [from, dirname(from), dirname(dirname(from))];
  return folders.map((folder) => join(folder, defaultName)).find(isFile);
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

type FileText =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "unreadable"; readonly why: string };

function readText(path: string): FileText {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return { kind: "unreadable", why: "does not exist" };
    return {
      kind: "unreadable",
      why: `cannot be read (${String(code)}); is it a file that this process may read?`,
    };
  }
  try {
    return { kind: "text", text: new TextDecoder("utf-8", { fatal: true }).decode(bytes) };
  } catch {
    return { kind: "unreadable", why: "is not a text in UTF-8; save it as UTF-8" };
  }
}
