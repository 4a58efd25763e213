import type { SharedKeys } from "../upstream/key-clients.ts";
import type { WorkerSeat } from "./join-primary.ts";

/** What one upstream's calls teach of its keys, for all workers. */
export function sharedKeys(
  { pepper, peers }: Pick<WorkerSeat, "pepper" | "peers">,
  upstream: string,
): SharedKeys {
  return { pepper, onFact: (fact) => peers.tell({ kind: "key", upstream, fact }) };
}
