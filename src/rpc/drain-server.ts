import { setTimeout as sleep } from "node:timers/promises";
import type { CallServer } from "./serve-call.ts";
import type { ServingState } from "./serving-state.ts";
import type { SocketListener } from "./socket-listener.ts";

/** How long a drain waits. */
export interface DrainTimes {
  /** Between saying that we leave and doing so: the time that load balancers need to notice. */
  readonly delayMs: number;
  /** For running calls to finish. */
  readonly graceMs: number;
}

/** One listener in the hands of its drain. */
export interface Drained {
  readonly state: ServingState;
  readonly calls: CallServer;
  readonly listener: SocketListener;
  /** Tells connected clients to go elsewhere; running calls go on. */
  readonly retire: () => void;
}

// For handlers that were told to end, and for their last frames to leave.
const farewellMs = 500;
const closingMs = 1_000;

/**
 * Takes a listener out of service: says so (health, `/readyz`) and serves on for `delayMs`; then takes no
 * connections, retires those that are open and refuses new calls; lets running calls finish within
 * `graceMs`, then ends them. Draining several listeners of one state at once is one drain.
 */
export async function drainServer(drained: Drained, { delayMs, graceMs }: DrainTimes): Promise<void> {
  const { state, calls, listener, retire } = drained;
  state.advance("leaving");
  await sleep(delayMs);
  state.advance("refusing");
  listener.stopAccepting();
  retire();
  calls.abort("infrastructure");
  if (!(await calls.settled(graceMs))) {
    calls.abort("all");
    await calls.settled(farewellMs);
  }
  await listener.empty(closingMs);
  listener.destroyAll();
  await listener.empty(closingMs);
}
