import type { KeyConfig, KeySource } from "./config.ts";
import type { Finding } from "./config-path.ts";
import { type KeyReader, readKey } from "./keys.ts";
import { entriesOf, fieldOf, itemsOf } from "./raw-value.ts";
import { keyEntrySchema } from "./schema-catalog.ts";

/** All keys of a file as they are at this moment. */
export interface ConfiguredKeys {
  /** By upstream; only those that are set, in order. */
  readonly set: ReadonlyMap<string, readonly KeyConfig[]>;
  /** By upstream, the variables that would hold a key but are not set. */
  readonly unset: ReadonlyMap<string, readonly string[]>;
  readonly findings: readonly Finding[];
  /** Characters of every key read, malformed ones too: for redaction alone. */
  readonly secrets: readonly string[];
}

/** Reads every well-shaped entry of `upstreams.*.keys`, whatever else is wrong with the file. */
export function readConfiguredKeys(value: unknown, reader: KeyReader): ConfiguredKeys {
  const set = new Map<string, readonly KeyConfig[]>();
  const unset = new Map<string, readonly string[]>();
  const findings: Finding[] = [];
  const secrets: string[] = [];

  for (const [upstream, settings] of entriesOf(fieldOf(value, "upstreams"))) {
    const host = hostOf(fieldOf(settings, "baseUrl"));
    const keys: KeyConfig[] = [];
    const missing: string[] = [];
    for (const [index, entry] of itemsOf(fieldOf(settings, "keys")).entries()) {
      const named = sourceOf(entry);
      if (named === undefined) continue;
      const { id, source } = named;
      const reading = readKey(source, host, reader);
      switch (reading.kind) {
        case "set":
          keys.push({ id, source, secret: reading.secret });
          secrets.push(reading.secret.reveal());
          break;
        case "unset":
          if (source.kind === "env") missing.push(source.name);
          break;
        case "malformed": {
          if (reading.secret !== undefined) secrets.push(reading.secret.reveal());
          const { message } = reading;
          findings.push(
            source.kind === "env"
              ? { variable: source.name, message }
              : { at: ["upstreams", upstream, "keys", index, "file"], message },
          );
        }
      }
    }
    set.set(upstream, keys);
    unset.set(upstream, missing);
  }
  return { set, unset, findings, secrets };
}

/** Undefined where the entry is not exactly one source with an id; the schema reports that. */
function sourceOf(entry: unknown): { readonly id: string; readonly source: KeySource } | undefined {
  const parsed = keyEntrySchema.safeParse(entry);
  if (!parsed.success) return undefined;
  const { id, env, file } = parsed.data;
  if (env !== undefined && file === undefined) return { id, source: { kind: "env", name: env } };
  if (file !== undefined && env === undefined) return { id, source: { kind: "file", path: file } };
  return undefined;
}

function hostOf(baseUrl: unknown): string {
  const host = typeof baseUrl === "string" ? URL.parse(baseUrl)?.hostname : undefined;
  return host === undefined || host === "" ? "this upstream" : host;
}
