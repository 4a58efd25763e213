import type { SharedKeys } from "../upstream/key-clients.ts";
import type { KeyRotation } from "../upstream/key-rotation.ts";
import type { WorkerSeat } from "./join-primary.ts";

/** What one upstream's calls teach of its keys, for all workers. */
export function sharedKeys(
  { pepper, peers }: Pick<WorkerSeat, "pepper" | "peers">,
  upstream: string,
): SharedKeys {
  return { pepper, onFact: (fact) => peers.tell({ kind: "key", upstream, fact }) };
}

/** What operators ask for is done by every worker. Files that change each worker sees for itself. */
export function tellOfRotations(keys: KeyRotation, { peers }: Pick<WorkerSeat, "peers">): KeyRotation {
  return {
    ...keys,
    rotate: (upstream, keyId) => {
      peers.tell({ kind: "rotate", upstream, keyId });
      return keys.rotate(upstream, keyId);
    },
    reload: (trigger) => {
      peers.tell({ kind: "reload", trigger });
      return keys.reload(trigger);
    },
  };
}
