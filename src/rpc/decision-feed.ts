import type { RouteDecision } from "../../gen/switchyard/v1/routing_pb.ts";
import type { RpcCode } from "./rpc-error.ts";

/** How one call was decided and ended. */
export interface EndedDecision {
  readonly decision: RouteDecision;
  /** Milliseconds since the epoch. */
  readonly endedAt: number;
  /** What the caller saw. */
  readonly status: "OK" | RpcCode;
}

/** The last decisions, and the next ones for whoever watches. */
export interface DecisionFeed {
  readonly publish: (ended: EndedDecision) => void;
  /** Tells watchers of a decision of another process, which keeps it itself. */
  readonly overhear: (ended: EndedDecision) => void;
  /** The last ones, newest first. */
  readonly latest: (count: number) => readonly EndedDecision[];
  /**
   * The last `backlog` decisions, newest first, then each new one as it comes, until the signal aborts.
   * Ends by itself where its reader falls too far behind: `fellBehind` then.
   */
  readonly watch: (backlog: number, signal: AbortSignal) => AsyncGenerator<WatchedDecision, void, void>;
}

export type WatchedDecision =
  | { readonly kind: "decision"; readonly ended: EndedDecision }
  | { readonly kind: "fell-behind" };

interface Watcher {
  readonly queue: EndedDecision[];
  overflowed: boolean;
  wake: () => void;
}

/** @param size how many decisions are kept, and how many may wait for one reader */
export function createDecisionFeed(size: number): DecisionFeed {
  // A ring: the oldest is overwritten in its place.
  const ring: EndedDecision[] = [];
  let next = 0;
  const watchers = new Set<Watcher>();

  const newestFirst = (count: number): readonly EndedDecision[] =>
    [...ring.slice(next), ...ring.slice(0, next)].toReversed().slice(0, count);

  const tell = (ended: EndedDecision): void => {
    for (const watcher of watchers) {
      if (watcher.queue.length < size) watcher.queue.push(ended);
      else watcher.overflowed = true;
      watcher.wake();
    }
  };

  return {
    publish: (ended) => {
      ring[next] = ended;
      next = (next + 1) % size;
      tell(ended);
    },
    overhear: tell,
    latest: newestFirst,
    async *watch(backlog, signal) {
      const watcher: Watcher = { queue: [], overflowed: false, wake: () => {} };
      const onAbort = (): void => watcher.wake();
      signal.addEventListener("abort", onAbort);
      // From here on nothing is missed, whatever ends while the backlog is being read.
      watchers.add(watcher);
      try {
        for (const ended of newestFirst(backlog)) yield { kind: "decision", ended };
        while (!signal.aborted) {
          const ended = watcher.queue.shift();
          if (ended !== undefined) yield { kind: "decision", ended };
          else if (watcher.overflowed) {
            yield { kind: "fell-behind" };
            return;
          } else await new Promise<void>((resolve) => (watcher.wake = resolve));
        }
      } finally {
        watchers.delete(watcher);
        signal.removeEventListener("abort", onAbort);
      }
    },
  };
}
