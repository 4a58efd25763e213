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

  it("tells facts to all others, also to those that do not serve yet, and together what comes together", async () => {
    serving.delete(3);
    relay.said(workers[0]!, { kind: "facts", facts: [hold] });
    relay.said(workers[1]!, { kind: "facts", facts: [hold] });
    await vi.advanceTimersByTimeAsync(0);
    const heard = (...from: readonly number[]) => ({
      kind: "facts",
      facts: from.map((from) => ({ fact: hold, from })),
    });
    expect(saidTo(1)).toEqual([heard(2)]);
    expect(saidTo(2)).toEqual([heard(1)]);
    expect(saidTo(3)).toEqual([heard(1, 2)]);
  });

  it("tells one that starts now everything once", async () => {
    const newcomer = workers.pop()!;
    relay.said(workers[0]!, { kind: "facts", facts: [hold] });
    expect(relay.known()).toHaveLength(1);
    workers.push(newcomer);
    await vi.advanceTimersByTimeAsync(0);
    expect(saidTo(3)).toEqual([]);
    expect(saidTo(2)).toHaveLength(1);
  });

  it("tells facts before the answers that come after them, and before the end of who told them", async () => {
    ask(2);
    saidTo(1);
    relay.said(workers[0]!, { kind: "facts", facts: [hold] });
    answer(1);
    answer(3);
    await vi.advanceTimersByTimeAsync(0);
    expect(saidTo(2).map(({ kind }) => kind)).toEqual(["facts", "answers"]);
    relay.said(workers[0]!, { kind: "facts", facts: [hold] });
    workers.shift();
    relay.leave(1);
    expect(saidTo(2).map(({ kind }) => kind)).toEqual(["facts", "left"]);
  });

  it("tells the primary's own word to all, at once", () => {
    relay.tell({ kind: "keys", upstream: "main", keys: [] });
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
