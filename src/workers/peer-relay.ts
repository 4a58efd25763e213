import { createFactBatch } from "./fact-batch.ts";
import { createKeptFacts } from "./kept-facts.ts";
import type { PeerFact } from "./peer-fact.ts";
import { type HeardFact, primaryId } from "./peers.ts";
import { createQuestions } from "./questions.ts";
import type { FromWorker, ToWorker } from "./worker-messages.ts";

/** A worker that others can hear. */
export interface RelayedWorker {
  readonly id: number;
  readonly number: number;
  readonly serves: () => boolean;
  readonly send: (message: ToWorker) => void;
}

type Said = Extract<FromWorker, { readonly kind: "facts" | "ask" | "answer" }>;

/** Carries what workers tell and ask each other. */
export interface PeerRelay {
  readonly said: (by: RelayedWorker, message: Said) => void;
  /** The primary's own word, to all: before anything that is sent to one of them later. */
  readonly tell: (fact: PeerFact) => void;
  /** The worker has ended, and is no longer among the workers. */
  readonly leave: (worker: number) => void;
  /** What one that starts now, and is not yet among the workers, should know. */
  readonly known: () => readonly HeardFact[];
}

/**
 * Facts go to every other worker, in one order for all. Questions go to those that serve.
 * @param workers all that have not ended
 * @param now the monotonic clock, in milliseconds
 */
export function createPeerRelay(workers: () => Iterable<RelayedWorker>, now: () => number): PeerRelay {
  const facts = createKeptFacts(now);
  const questions = createQuestions();
  const others = (than: number): readonly RelayedWorker[] => [...workers()].filter(({ id }) => id !== than);

  const passed = createFactBatch<HeardFact>((batch) => {
    for (const { id, send } of workers()) {
      const theirs = batch.filter(({ from }) => from !== id);
      if (theirs.length > 0) send({ kind: "facts", facts: theirs });
    }
  });
  const pass = (heard: HeardFact): void => {
    facts.note(heard);
    passed.add(heard);
  };

  const answer = async (
    by: RelayedWorker,
    { id: asked, question }: Extract<Said, { readonly kind: "ask" }>,
  ): Promise<void> => {
    passed.flush();
    const serving = others(by.id).filter(({ serves }) => serves());
    const answers = await questions.ask(
      question,
      serving.map(({ id, number, send }) => ({
        id,
        number,
        ask: (id, question) => send({ kind: "question", id, question }),
      })),
    );
    passed.flush();
    by.send({ kind: "answers", id: asked, answers });
  };

  return {
    said: (by, message) => {
      switch (message.kind) {
        case "facts":
          for (const fact of message.facts) pass({ fact, from: by.id });
          break;
        case "ask":
          void answer(by, message);
          break;
        case "answer":
          questions.answered(by.id, message.id, message.answer);
      }
    },
    tell: (fact) => {
      pass({ fact, from: primaryId });
      passed.flush();
    },
    leave: (worker) => {
      facts.leave(worker);
      questions.leave(worker);
      passed.flush();
      for (const { send } of workers()) send({ kind: "left", worker });
    },
    known: () => {
      passed.flush();
      return facts.all();
    },
  };
}
