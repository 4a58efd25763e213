import { createKeyPool } from "../../../src/upstream/create-key-pool.ts";
import type { KeyPool, LeasedKey, PoolKey } from "../../../src/upstream/key-pool.ts";
import type { LeaseRecord, Moment } from "./run-record.ts";

/** The key pool of one upstream, with every lease written down. */
export interface RecordedKeys {
  readonly pool: KeyPool;
  /** The n-th key gets another secret, under the same id; leases of the old one go on. */
  readonly replace: (nth: number) => void;
  /** Of the n-th key with the secret that it has now. */
  readonly secretOf: (nth: number) => string;
  readonly inFlight: () => number;
}

export function createRecordedKeys(options: {
  readonly upstream: string;
  readonly count: number;
  readonly now: () => number;
  readonly random: () => number;
  readonly moment: () => Moment;
  readonly leases: LeaseRecord[];
  /** By the keys that pools hand out, over all upstreams. */
  readonly secrets: WeakMap<LeasedKey, string>;
}): RecordedKeys {
  const { upstream, moment, leases, now, random, secrets } = options;
  let keys: readonly PoolKey[] = Array.from({ length: options.count }, (_, nth) => keyOf(nth, 0));
  let changes = 0;
  const pool = createKeyPool({ keys, now, random });
  return {
    pool: {
      get size() {
        return pool.size;
      },
      pick: (upstreamModel, exclude) => {
        const lease = pool.pick(upstreamModel, exclude);
        if (lease === undefined) return undefined;
        const { key } = lease;
        // What it was picked as it stays, whatever takes its place.
        const secret = secrets.get(key) ?? keys.find(({ id }) => id === key.id)!.fingerprint;
        secrets.set(key, secret);
        const record: LeaseRecord = {
          upstream,
          upstreamModel,
          keyId: key.id,
          secret,
          isCurrent: keys.some(({ fingerprint }) => fingerprint === secret),
          picked: moment(),
          settlements: [],
        };
        leases.push(record);
        return {
          key,
          settle: (failure, quota) => {
            record.settlements.push({ when: moment(), failure });
            lease.settle(failure, quota);
          },
        };
      },
      blocked: pool.blocked,
      snapshot: pool.snapshot,
    },
    replace: (nth) => {
      changes += 1;
      keys = keys.map((key, index) => (index === nth ? keyOf(nth, changes) : key));
      pool.replace(keys);
    },
    secretOf: (nth) => keys[nth]!.fingerprint,
    inFlight: () => pool.snapshot().reduce((sum, { inFlight }) => sum + inFlight, 0),
  };
}

function keyOf(nth: number, change: number): PoolKey {
  return { id: `key-${nth}`, fingerprint: `key-${nth}.${change}` };
}
