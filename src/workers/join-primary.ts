import type { ListenerName } from "../config/listeners.ts";
import type { Socket } from "node:net";
import type { OpenPort } from "../rpc/open-port.ts";
import type { KeyDesk } from "../upstream/key-rotation.ts";
import { createKeyRequests } from "./key-request.ts";
import type { ParentChannel } from "./parent-channel.ts";
import { createPeerLink } from "./peer-link.ts";
import type { Peers } from "./peers.ts";
import type { ToWorker, Welcome } from "./worker-messages.ts";

/** What a gateway gets from the process that it is a worker of. */
export interface WorkerSeat extends Pick<Welcome, "number" | "startedAt" | "pepper"> {
  /** A port that is shared: its connections come from the primary. */
  readonly openPort: (listener: ListenerName) => OpenPort;
  readonly peers: Peers;
  /** So many calls are under way. */
  readonly tellCalls: (underWay: number) => void;
  /** The primary's, who reads keys for all. */
  readonly keys: KeyDesk;
}

/** A worker's tie to its primary. */
export interface PrimaryLink extends WorkerSeat {
  readonly config: Welcome["config"];
  readonly ready: () => void;
  /** It cannot start, for a reason that starting again does not change. */
  readonly refuse: (message: string) => void;
  /** Resolves once it is time to leave: the primary says so, or is gone. */
  readonly left: Promise<void>;
  /** Lets this process end. */
  readonly close: () => void;
}

type Serve = (socket: Socket) => void;

/** Ends of connections are told together: a storm of short ones must not become a storm of messages. */
const tellEndedMs = 20;

/** Waits for the primary's welcome; undefined where it is gone before. */
export async function joinPrimary(channel: ParentChannel): Promise<PrimaryLink | undefined> {
  const welcomed = Promise.withResolvers<Welcome | undefined>();
  const left = Promise.withResolvers<void>();
  const serves = new Map<ListenerName, Serve>();
  const peers = createPeerLink(channel.send);
  const keys = createKeyRequests((id, request) => channel.send({ kind: "key-request", id, request }));
  let ended = 0;

  const tellEnded = (): void => {
    channel.send({ kind: "ended", connections: ended });
    ended = 0;
  };
  const countEnd = (): void => {
    ended += 1;
    if (ended === 1) setTimeout(tellEnded, tellEndedMs).unref();
  };

  const take = (listener: ListenerName, socket: Socket | undefined): void => {
    const serve = serves.get(listener);
    if (serve === undefined) {
      // This process's handle of it: the primary has its own.
      socket?.destroy();
      channel.send({ kind: "took", taken: false });
      return;
    }
    // Read from only once the primary will know of it: what it does not, it gives to another when this one dies.
    channel.send({ kind: "took", taken: true }, () => {
      if (socket === undefined) {
        // Its client had left before it got here.
        countEnd();
        return;
      }
      socket.once("close", countEnd);
      serve(socket);
    });
  };

  const onMessage = (message: ToWorker, socket: Socket | undefined): void => {
    switch (message.kind) {
      case "welcome":
        peers.know(message.known);
        welcomed.resolve(message);
        break;
      case "connection":
        take(message.listener, socket);
        break;
      case "key-answer":
        keys.answered(message.id, message.answer);
        break;
      case "ping":
        channel.send({ kind: "pong" });
        break;
      case "drain":
        left.resolve();
        break;
      case "facts":
      case "left":
      case "question":
      case "answers":
        peers.hear(message);
    }
  };
  channel.listen(onMessage, () => {
    welcomed.resolve(undefined);
    peers.end();
    keys.end();
    left.resolve();
  });

  const welcome = await welcomed.promise;
  if (welcome === undefined) return undefined;
  const openPort =
    (listener: ListenerName): OpenPort =>
    (_, serve) => {
      serves.set(listener, serve);
      const close = (): void => {
        if (serves.delete(listener)) channel.send({ kind: "closed", listener });
      };
      return Promise.resolve({ address: welcome.addresses[listener] ?? "", close });
    };
  return {
    ...welcome,
    openPort,
    peers: peers.peers,
    tellCalls: (underWay) => channel.send({ kind: "calls", underWay }),
    keys: keys.desk,
    ready: () => channel.send({ kind: "ready" }),
    refuse: (message) => channel.send({ kind: "refused", message }),
    left: left.promise,
    close: channel.close,
  };
}
