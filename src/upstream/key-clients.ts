import type { KeyConfig } from "../config/config.ts";
import type { Secret } from "../config/secret.ts";
import { createKeyPool } from "./create-key-pool.ts";
import { createFingerprint } from "./key-fingerprint.ts";
import type { KeyFact, KeyPool, LeasedKey, PoolKey } from "./key-pool.ts";

export interface KeyClientsOptions<Client> {
  /** In order of preference. */
  readonly keys: readonly KeyConfig[];
  readonly openClient: (secret: Secret) => Client;
  readonly now: () => number;
  readonly random: () => number;
  /** What processes share that use the same keys and tell each other of them; left out: there is only this one. */
  readonly shared?: SharedKeys | undefined;
}

/** What makes processes speak of the same keys. */
export interface SharedKeys {
  /** The same in all of them, and known to nobody else. */
  readonly pepper: Uint8Array;
  /** Told of what the others should know. */
  readonly onFact: (fact: KeyFact) => void;
}

/** The keys of one upstream, each with the client that calls with it. */
export interface KeyClients<Client> {
  readonly pool: KeyPool;
  /** Also of a key that was replaced, for as long as somebody holds it. */
  readonly clientOf: (key: LeasedKey) => Client | undefined;
  readonly replace: (keys: readonly KeyConfig[]) => void;
  /** Takes up what another process learned. */
  readonly learn: (fact: KeyFact) => void;
}

/** A client is as old as its secret, and gone once neither the pool nor a call has the key any more. */
export function createKeyClients<Client>(options: KeyClientsOptions<Client>): KeyClients<Client> {
  const { openClient, now, random, shared } = options;
  const fingerprint = createFingerprint(shared?.pepper);
  const clients = new WeakMap<LeasedKey, Client>();

  const admit = (keys: readonly KeyConfig[]): readonly PoolKey[] =>
    keys.map(({ id, secret }) => {
      const key = { id, fingerprint: fingerprint(secret) };
      clients.set(key, openClient(secret));
      return key;
    });

  const pool = createKeyPool({
    keys: admit(options.keys),
    now,
    random,
    ...(shared === undefined ? {} : { onFact: shared.onFact }),
  });
  return {
    pool,
    clientOf: (key) => clients.get(key),
    replace: (keys) => pool.replace(admit(keys)),
    learn: pool.learn,
  };
}
