import type { PeerAnswer, PeerQuestion } from "./peer-question.ts";
import type { PeerAnswered } from "./peers.ts";

/** Who is asked. */
export interface Asked {
  readonly id: number;
  /** As logs show it. */
  readonly number: number;
  readonly ask: (id: number, question: PeerQuestion) => void;
}

/** Questions of workers to all others, and the answers that are still to come. */
export interface Questions {
  /** Resolves once all have answered or ended, or the time is over. */
  readonly ask: (question: PeerQuestion, asked: readonly Asked[]) => Promise<readonly PeerAnswered[]>;
  readonly answered: (worker: number, question: number, answer: PeerAnswer) => void;
  readonly leave: (worker: number) => void;
}

interface Pending {
  readonly asked: ReadonlyMap<number, Asked>;
  readonly answers: Map<number, PeerAnswered>;
  readonly left: Set<number>;
  readonly end: () => void;
}

/** A worker that takes longer has no time for its callers either. */
const longestWaitMs = 1_000;

export function createQuestions(): Questions {
  const pending = new Map<number, Pending>();
  let asked = 0;

  const endIfComplete = ({ left, end }: Pending): void => {
    if (left.size === 0) end();
  };

  return {
    ask: (question, workers) => {
      const id = (asked += 1);
      const { promise, resolve } = Promise.withResolvers<readonly PeerAnswered[]>();
      const answers = new Map<number, PeerAnswered>();
      const end = (): void => {
        clearTimeout(timer);
        pending.delete(id);
        resolve([...answers.values()].toSorted((a, b) => a.worker - b.worker));
      };
      const timer = setTimeout(end, longestWaitMs);
      const waited: Pending = {
        asked: new Map(workers.map((worker) => [worker.id, worker])),
        answers,
        left: new Set(workers.map((worker) => worker.id)),
        end,
      };
      pending.set(id, waited);
      for (const worker of workers) worker.ask(id, question);
      endIfComplete(waited);
      return promise;
    },
    answered: (worker, question, answer) => {
      const waited = pending.get(question);
      const who = waited?.asked.get(worker);
      if (waited === undefined || who === undefined || !waited.left.delete(worker)) return;
      waited.answers.set(worker, { worker: who.number, answer });
      endIfComplete(waited);
    },
    leave: (worker) => {
      for (const waited of pending.values()) if (waited.left.delete(worker)) endIfComplete(waited);
    },
  };
}
