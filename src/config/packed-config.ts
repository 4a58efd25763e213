import type { Config, KeyConfig, LedgerConfig, UpstreamConfig } from "./config.ts";
import { createSecret } from "./secret.ts";

/** A key whose secret lies open. */
export type PackedKey = Omit<KeyConfig, "secret"> & { readonly secret: string };
type PackedUpstream = Omit<UpstreamConfig, "keys"> & { readonly keys: readonly PackedKey[] };

/**
 * A configuration as data that a message between two processes of ours can carry. Its secrets lie open in it: it is
 * not for logs, files or anybody else.
 */
export type PackedConfig = Omit<Config, "upstreams" | "ledger" | "operator"> & {
  readonly upstreams: ReadonlyMap<string, PackedUpstream>;
  readonly ledger: Omit<LedgerConfig, "url"> & { readonly url: string | undefined };
  readonly operator: { readonly token: string | undefined };
};

/** @see unpackConfig */
export function packConfig(config: Config): PackedConfig {
  const { upstreams, ledger, operator } = config;
  return {
    ...config,
    upstreams: new Map(
      [...upstreams].map(([name, upstream]) => [name, { ...upstream, keys: upstream.keys.map(packKey) }]),
    ),
    ledger: { ...ledger, url: ledger.url?.reveal() },
    operator: { token: operator.token?.reveal() },
  };
}

/** The same configuration again, in another process: nothing is read a second time, and nothing can have changed. */
export function unpackConfig(packed: PackedConfig): Config {
  const { upstreams, ledger, operator } = packed;
  return {
    ...packed,
    upstreams: new Map(
      [...upstreams].map(([name, upstream]) => [name, { ...upstream, keys: upstream.keys.map(unpackKey) }]),
    ),
    ledger: { ...ledger, url: ledger.url === undefined ? undefined : createSecret(ledger.url) },
    operator: { token: operator.token === undefined ? undefined : createSecret(operator.token) },
  };
}

/** @see packConfig */
export function packKey({ secret, ...key }: KeyConfig): PackedKey {
  return { ...key, secret: secret.reveal() };
}

/** @see unpackConfig */
export function unpackKey({ secret, ...key }: PackedKey): KeyConfig {
  return { ...key, secret: createSecret(secret) };
}
