import type { ListenerName } from "../config/listeners.ts";
import type { PackedConfig } from "../config/packed-config.ts";
import type { KeyAnswer, KeyRequest } from "./key-request.ts";
import type { PeerFact } from "./peer-fact.ts";
import type { PeerAnswer, PeerQuestion } from "./peer-question.ts";
import type { HeardFact, PeerAnswered } from "./peers.ts";

/** The word of the command line that starts a worker. */
export const workerWord = "worker";

/** What a worker is told before it starts. */
export interface Welcome {
  readonly kind: "welcome";
  /** From 1; a worker that takes the place of another has its number. */
  readonly number: number;
  /** When the gateway started, in milliseconds since the epoch: long before this worker, where it takes a place. */
  readonly startedAt: number;
  /** With the keys that are in use. */
  readonly config: PackedConfig;
  /** What makes the fingerprints of keys the same in every worker, and tell nobody else anything. */
  readonly pepper: Uint8Array;
  /** `host:port` by listener; undefined for one that is off. */
  readonly addresses: Readonly<Record<ListenerName, string | undefined>>;
  /** What the others told so far and still holds. */
  readonly known: readonly HeardFact[];
}

/** From the primary to a worker. */
export type ToWorker =
  | Welcome
  /** Comes with a socket. */
  | { readonly kind: "connection"; readonly listener: ListenerName }
  | { readonly kind: "facts"; readonly facts: readonly HeardFact[] }
  | { readonly kind: "left"; readonly worker: number }
  | { readonly kind: "question"; readonly id: number; readonly question: PeerQuestion }
  | { readonly kind: "answers"; readonly id: number; readonly answers: readonly PeerAnswered[] }
  | { readonly kind: "key-answer"; readonly id: number; readonly answer: KeyAnswer }
  | { readonly kind: "ping" }
  | { readonly kind: "drain" };

/** From a worker to the primary. */
export type FromWorker =
  | { readonly kind: "ready" }
  /** It cannot start, whatever is tried. */
  | { readonly kind: "refused"; readonly message: string }
  /** The answer to a connection; one that is not taken belongs to somebody else. */
  | { readonly kind: "took"; readonly taken: boolean }
  /** So many of the connections that it took have ended since it last told. */
  | { readonly kind: "ended"; readonly connections: number }
  /** So many calls are under way. */
  | { readonly kind: "calls"; readonly underWay: number }
  /** It takes no more connections of this listener. */
  | { readonly kind: "closed"; readonly listener: ListenerName }
  | { readonly kind: "facts"; readonly facts: readonly PeerFact[] }
  | { readonly kind: "ask"; readonly id: number; readonly question: PeerQuestion }
  | { readonly kind: "answer"; readonly id: number; readonly answer: PeerAnswer }
  | { readonly kind: "key-request"; readonly id: number; readonly request: KeyRequest }
  | { readonly kind: "pong" };
