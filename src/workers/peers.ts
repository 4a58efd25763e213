import type { PeerAnswer, PeerQuestion } from "./peer-question.ts";
import type { PeerFact } from "./peer-fact.ts";

/** Stands for the primary among workers, whose ids are above it. */
export const primaryId = 0;

/** A fact and the worker that it comes from. */
export interface HeardFact {
  readonly fact: PeerFact;
  /** No two workers have the same, nor does one that takes the place of another. */
  readonly from: number;
}

/** What a worker makes of its peers' words. */
export interface PeerListener {
  readonly onFact: (heard: HeardFact) => void;
  /** A worker has ended: what it had promised to tell will not come. */
  readonly onLeft: (worker: number) => void;
  /** Resolves with what this worker has to say; the asker does not wait long. */
  readonly onQuestion: (question: PeerQuestion) => Promise<PeerAnswer>;
}

/** The other workers of this gateway. */
export interface Peers {
  /** Tells them all, soon and in order. Never waits, never fails. */
  readonly tell: (fact: PeerFact) => void;
  /** True while a fact of theirs is heeded. */
  readonly telling: () => boolean;
  /** What is known so far comes first. Once. */
  readonly listen: (listener: PeerListener) => void;
  /** Of each that answered in time. */
  readonly ask: (question: PeerQuestion) => Promise<readonly PeerAnswered[]>;
}

/** What another worker said. */
export interface PeerAnswered {
  /** Its number, from 1, as logs show it. */
  readonly worker: number;
  readonly answer: PeerAnswer;
}
