import type { Config, KeyConfig } from "./config.ts";
import { revisionOf } from "./revision.ts";

/**
 * A configuration with other keys, and else the same.
 * @param keys by upstream; one that is not named keeps its own
 */
export function withKeys(config: Config, keys: ReadonlyMap<string, readonly KeyConfig[]>): Config {
  const { revision: _, ...rest } = config;
  const upstreams = new Map(
    [...config.upstreams].map(([name, upstream]) => [
      name,
      { ...upstream, keys: keys.get(name) ?? upstream.keys },
    ]),
  );
  const changed = { ...rest, upstreams };
  return { ...changed, revision: revisionOf(changed) };
}

/**
 * What serves, with the keys that a file gives its upstreams now. An upstream that the file moves to another address
 * keeps its own: a key must not be sent to a host that it was not written for.
 */
export function withKeysOf(served: Config, file: Config): Config {
  const keys = [...served.upstreams].flatMap(([name, { baseUrl }]): [string, readonly KeyConfig[]][] => {
    const now = file.upstreams.get(name);
    return now === undefined || now.baseUrl !== baseUrl ? [] : [[name, now.keys]];
  });
  return withKeys(served, new Map(keys));
}
