import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { PeerFact } from "../../src/workers/peer-fact.ts";
import { createPeerRelay, type PeerRelay, type RelayedWorker } from "../../src/workers/peer-relay.ts";
import type { ToWorker } from "../../src/workers/worker-messages.ts";

const hold: PeerFact = { kind: "hold", deployment: "d", ttlMs: 1_000 };

describe("the relay between workers", () => {
  let heard: Map<number, ToWorker[]>;
  let workers: RelayedWorker[];
  let relay: PeerRelay;
  let serving: Set<number>;
  beforeEach(() => {
    vi.useFakeTimers();
    heard = new Map([1, 2, 3].map((id) => [id, []]));
    serving = new Set([1, 2, 3]);
    workers = [1, 2, 3].map((id) => ({
      id,
      number: id * 10,
      serves: () => serving.has(id),
      send: (message) => heard.get(id)!.push(message),
    }));
    relay = createPeerRelay(
      () => workers,
      () => performance.now(),
    );
  });
  afterEach(() => vi.useRealTimers());

  const saidTo = (id: number): readonly ToWorker[] => heard.get(id)!.splice(0);
  const ask = (by: number): void =>
    relay.said(workers[by - 1]!, { kind: "ask", id: 7, question: { kind: "flush" } });
  const answer = (by: number): void =>
    relay.said(workers[by - 1]!, { kind: "answer", id: 1, answer: { kind: "flushed" } });

  it("tells a fact to all others, also to those that do not serve yet, and to none twice", () => {
    serving.delete(3);
    relay.said(workers[0]!, { kind: "fact", fact: hold });
    expect(saidTo(1)).toEqual([]);
    for (const id of [2, 3]) expect(saidTo(id)).toEqual([{ kind: "fact", fact: hold, from: 1 }]);
    expect(relay.known()).toHaveLength(1);
  });

  it("tells the primary's own word to all", () => {
    relay.tell({ kind: "reload", trigger: "signal" });
    for (const id of [1, 2, 3]) expect(saidTo(id)).toHaveLength(1);
  });

  it("brings the answers of all others that serve to the one that asks, by their numbers", async () => {
    ask(1);
    for (const id of [2, 3]) {
      expect(saidTo(id)).toEqual([{ kind: "question", id: 1, question: { kind: "flush" } }]);
    }
    answer(3);
    answer(3);
    await vi.advanceTimersByTimeAsync(0);
    expect(saidTo(1)).toEqual([]);
    answer(2);
    await vi.advanceTimersByTimeAsync(0);
    expect(saidTo(1)).toEqual([
      {
        kind: "answers",
        id: 7,
        answers: [
          { worker: 20, answer: { kind: "flushed" } },
          { worker: 30, answer: { kind: "flushed" } },
        ],
      },
    ]);
  });

  it("waits neither for one that ends nor for long, and asks nobody that does not serve", async () => {
    serving.delete(3);
    ask(1);
    workers = workers.filter(({ id }) => id !== 2);
    relay.leave(2);
    await vi.advanceTimersByTimeAsync(0);
    expect(saidTo(1)).toEqual([
      { kind: "left", worker: 2 },
      { kind: "answers", id: 7, answers: [] },
    ]);
    serving.add(3);
    ask(1);
    await vi.advanceTimersByTimeAsync(999);
    expect(saidTo(1)).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(saidTo(1)).toEqual([{ kind: "answers", id: 7, answers: [] }]);
  });

  it("answers at once where there is nobody else", async () => {
    workers = workers.slice(0, 1);
    ask(1);
    await vi.advanceTimersByTimeAsync(0);
    expect(saidTo(1)).toEqual([{ kind: "answers", id: 7, answers: [] }]);
  });
});
