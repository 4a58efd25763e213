import { createFactBatch } from "./fact-batch.ts";
import type { PeerFact } from "./peer-fact.ts";
import type { HeardFact, PeerAnswered, PeerListener, Peers } from "./peers.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

type Heard = Extract<ToWorker, { readonly kind: "facts" | "left" | "question" | "answers" }>;

/** The worker's end of what goes between workers. */
export interface PeerLink {
  readonly peers: Peers;
  /** What was told before this worker was there. */
  readonly know: (facts: readonly HeardFact[]) => void;
  readonly hear: (message: Heard) => void;
  /** There is nobody to hear from any more. */
  readonly end: () => void;
}

/** @param send to the primary, which passes it on */
export function createPeerLink(send: (message: FromWorker) => void): PeerLink {
  const told = createFactBatch<PeerFact>((facts) => send({ kind: "facts", facts }));
  const asked = new Map<number, (answers: readonly PeerAnswered[]) => void>();
  let questions = 0;
  let listener: PeerListener | undefined;
  let over = false;
  let telling = false;
  /** What comes before anybody listens. */
  let early: ((listener: PeerListener) => void)[] = [];

  const tell = (say: (listener: PeerListener) => void): void => {
    if (listener === undefined) early.push(say);
    else say(listener);
  };

  const heed = (heard: HeardFact): void =>
    tell((to) => {
      telling = true;
      try {
        to.onFact(heard);
      } finally {
        telling = false;
      }
    });

  const answer = async (
    { id, question }: Extract<Heard, { readonly kind: "question" }>,
    to: PeerListener,
  ): Promise<void> => {
    const answer = await to.onQuestion(question);
    told.flush();
    send({ kind: "answer", id, answer });
  };

  return {
    peers: {
      tell: told.add,
      telling: () => telling,
      listen: (listens) => {
        listener = listens;
        for (const say of early) say(listens);
        early = [];
      },
      ask: (question) => {
        if (over) return Promise.resolve([]);
        const id = (questions += 1);
        told.flush();
        send({ kind: "ask", id, question });
        return new Promise((resolve) => asked.set(id, resolve));
      },
    },
    know: (facts) => {
      for (const heard of facts) heed(heard);
    },
    hear: (message) => {
      switch (message.kind) {
        case "facts":
          for (const heard of message.facts) heed(heard);
          break;
        case "left":
          tell((to) => to.onLeft(message.worker));
          break;
        case "question":
          tell((to) => void answer(message, to));
          break;
        case "answers":
          asked.get(message.id)?.(message.answers);
          asked.delete(message.id);
      }
    },
    end: () => {
      over = true;
      for (const resolve of asked.values()) resolve([]);
      asked.clear();
    },
  };
}
