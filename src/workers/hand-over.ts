import type { ListenerName } from "../config/listeners.ts";

/** Gives the connections of shared ports to workers. `Connection` is a socket that nobody has read from. */
export interface HandOver<Connection> {
  readonly give: (listener: ListenerName, connection: Connection) => void;
  /** A worker takes connections of these listeners from now on. */
  readonly join: (worker: number, listeners: readonly ListenerName[]) => void;
  /** It takes no more of this listener. */
  readonly close: (worker: number, listener: ListenerName) => void;
  /** It has what it was sent, or left it to the others. */
  readonly took: (worker: number, taken: boolean) => void;
  /** Connections that it took have ended. */
  readonly ended: (worker: number, connections: number) => void;
  /** It is gone. Returns how many connections went with it. */
  readonly leave: (worker: number) => number;
  /** Nobody will come any more: whoever waits is let go. */
  readonly stop: () => void;
}

export interface HandOverOptions<Connection> {
  readonly send: (worker: number, listener: ListenerName, connection: Connection) => void;
  /** The process no longer needs its own handle of it. */
  readonly release: (connection: Connection) => void;
}

interface Waiting<Connection> {
  readonly listener: ListenerName;
  readonly connection: Connection;
}

interface Taker<Connection> {
  readonly listeners: Set<ListenerName>;
  open: number;
  /** Place of the last connection that it got among all. */
  lastGiven: number;
  /** Sent, and not yet taken. */
  sent: Waiting<Connection> | undefined;
}

/** While no worker takes them; the kernel holds some more. */
const mostWaiting = 1024;

/**
 * Each goes to the worker with the fewest open ones: connections of gRPC clients live long, and one that takes a dead
 * worker's place would else stay idle. One at a time is under way to a worker, so that one that hangs gets no second;
 * one that dies on the way goes to another.
 */
export function createHandOver<Connection>(options: HandOverOptions<Connection>): HandOver<Connection> {
  const { send, release } = options;
  const takers = new Map<number, Taker<Connection>>();
  let waiting: Waiting<Connection>[] = [];
  let given = 0;
  let stopped = false;

  const best = (listener: ListenerName): readonly [number, Taker<Connection>] | undefined => {
    let found: readonly [number, Taker<Connection>] | undefined;
    for (const entry of takers) {
      const [, taker] = entry;
      if (taker.sent !== undefined || !taker.listeners.has(listener)) continue;
      const [, than] = found ?? [];
      if (than === undefined || taker.open < than.open) found = entry;
      else if (taker.open === than.open && taker.lastGiven < than.lastGiven) found = entry;
    }
    return found;
  };

  const dispatch = (): void => {
    waiting = waiting.filter((next) => {
      const found = best(next.listener);
      if (found === undefined) return true;
      const [worker, taker] = found;
      taker.sent = next;
      taker.open += 1;
      taker.lastGiven = given += 1;
      send(worker, next.listener, next.connection);
      return false;
    });
  };

  const wait = (next: Waiting<Connection>, first: boolean): void => {
    if (stopped || waiting.length >= mostWaiting) {
      release(next.connection);
      return;
    }
    if (first) waiting.unshift(next);
    else waiting.push(next);
    dispatch();
  };

  return {
    give: (listener, connection) => wait({ listener, connection }, false),
    join: (worker, listeners) => {
      takers.set(worker, { listeners: new Set(listeners), open: 0, lastGiven: 0, sent: undefined });
      dispatch();
    },
    close: (worker, listener) => takers.get(worker)?.listeners.delete(listener),
    took: (worker, taken) => {
      const taker = takers.get(worker);
      const sent = taker?.sent;
      if (taker === undefined || sent === undefined) return;
      taker.sent = undefined;
      if (taken) release(sent.connection);
      else taker.open -= 1;
      if (taken) dispatch();
      else wait(sent, true);
    },
    ended: (worker, connections) => {
      const taker = takers.get(worker);
      if (taker !== undefined) taker.open -= connections;
    },
    leave: (worker) => {
      const { sent, open = 0 } = takers.get(worker) ?? {};
      takers.delete(worker);
      if (sent === undefined) return open;
      // It never said that it has it, so it never read from it.
      wait(sent, true);
      return open - 1;
    },
    stop: () => {
      stopped = true;
      for (const { connection } of waiting) release(connection);
      waiting = [];
    },
  };
}
