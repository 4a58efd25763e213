import { resolve } from "node:path";
import type { KeyConfig, UpstreamConfig } from "../config/config.ts";
import type { Environment } from "../config/environment.ts";
import type { KeyFile } from "../config/key-file.ts";
import { readKey } from "../config/keys.ts";
import type { Secret } from "../config/secret.ts";

/** What a key's source holds now: a secret, or nothing that could be one. */
export type Reread =
  | { readonly kind: "read"; readonly secret: Secret }
  /** Why it cannot be a key; shows none of its characters. */
  | { readonly kind: "malformed"; readonly why: string };

/** What reading again needs from outside. */
export interface KeyRereader {
  readonly env: Environment;
  /** Where relative paths start. */
  readonly cwd: string;
  /** @param path absolute */
  readonly readKeyFile: (path: string) => Promise<KeyFile>;
}

/** Reads the source of a key that serves once more. */
export async function rereadKey(
  { baseUrl }: UpstreamConfig,
  { source, secret }: KeyConfig,
  { env, cwd, readKeyFile }: KeyRereader,
): Promise<Reread> {
  const file = source.kind === "file" ? await readKeyFile(resolve(cwd, source.path)) : undefined;
  if (file?.kind === "unrepeatable") return { kind: "read", secret };
  const host = URL.parse(baseUrl ?? "")?.hostname ?? "this upstream";
  const reading = readKey(source, host, { env, readFile: () => contentOf(file) });
  switch (reading.kind) {
    case "set":
      return { kind: "read", secret: reading.secret };
    case "unset":
      return { kind: "malformed", why: "its variable is not set" };
    case "malformed":
      return { kind: "malformed", why: reading.message };
  }
}

/** Whether two readings of a source say the same. */
export function isSameReread(one: Reread | undefined, other: Reread): boolean {
  if (one?.kind === "read" && other.kind === "read") return one.secret.reveal() === other.secret.reveal();
  return one?.kind === "malformed" && other.kind === "malformed" && one.why === other.why;
}

/** As a reader of files does it: by throwing where there is nothing. */
function contentOf(file: KeyFile | undefined): string {
  if (file?.kind === "text") return file.text;
  throw file?.kind === "unreadable" ? file.error : new Error("no file was read");
}
