import { resolve } from "node:path";
import type { Config, KeyConfig, UpstreamConfig } from "../config/config.ts";
import type { Secret } from "../config/secret.ts";
import { withKeys } from "../config/with-keys.ts";

/** A key of a configuration. */
export interface ServedKey {
  readonly upstream: UpstreamConfig;
  readonly key: KeyConfig;
  /** `upstream/id`: no other key has it. */
  readonly place: string;
}

/** Every key, upstream by upstream. */
export function keysOf(config: Config): readonly ServedKey[] {
  return [...config.upstreams.values()].flatMap((upstream) =>
    upstream.keys.map((key) => ({ upstream, key, place: placeOf(upstream.name, key.id) })),
  );
}

/** The configuration with other secrets for some of its keys. @param secrets by place */
export function withSecrets(config: Config, secrets: ReadonlyMap<string, Secret>): Config {
  const keys = [...config.upstreams.values()].map((upstream): [string, readonly KeyConfig[]] => [
    upstream.name,
    upstream.keys.map((key) => ({
      ...key,
      secret: secrets.get(placeOf(upstream.name, key.id)) ?? key.secret,
    })),
  ]);
  return withKeys(config, new Map(keys));
}

/** Absolute paths of the files that keys come from. */
export function keyFilesOf(config: Config, cwd: string): readonly string[] {
  return [...keyTextsOf(config).keys()].map((path) => resolve(cwd, path));
}

/** The characters of each key that comes from a file, by the path as it is written. */
export function keyTextsOf(config: Config): ReadonlyMap<string, string> {
  return new Map(
    keysOf(config).flatMap(({ key: { source, secret } }): [string, string][] =>
      source.kind === "file" ? [[source.path, secret.reveal()]] : [],
    ),
  );
}

function placeOf(upstream: string, keyId: string): string {
  return `${upstream}/${keyId}`;
}
