import { describe, expect, it } from "vitest";
import { createPeerLink } from "../../src/workers/peer-link.ts";
import type { HeardFact, PeerListener } from "../../src/workers/peers.ts";
import type { FromWorker } from "../../src/workers/worker-messages.ts";

const hold = (deployment: string): HeardFact => ({
  from: 2,
  fact: { kind: "hold", deployment, ttlMs: 1_000 },
});

function listener(said: string[]): PeerListener {
  return {
    onFact: ({ fact }) => said.push(fact.kind === "hold" ? fact.deployment : fact.kind),
    onLeft: (worker) => said.push(`left ${worker}`),
    onQuestion: () => Promise.resolve({ kind: "flushed" }),
  };
}

describe("a worker's link to its peers", () => {
  it("tells what came before anybody listened, first and in order", () => {
    const link = createPeerLink(() => {});
    const said: string[] = [];
    link.know([hold("a"), hold("b")]);
    link.hear({ kind: "facts", facts: [hold("c"), hold("d")] });
    link.hear({ kind: "left", worker: 2 });
    link.peers.listen(listener(said));
    link.hear({ kind: "facts", facts: [hold("e")] });
    expect(said).toEqual(["a", "b", "c", "d", "left 2", "e"]);
  });

  it("says that another is telling while it does, also where the listener fails", () => {
    const link = createPeerLink(() => {});
    const telling: boolean[] = [link.peers.telling()];
    link.peers.listen({
      ...listener([]),
      onFact: () => {
        telling.push(link.peers.telling());
        throw new Error("a bug");
      },
    });
    expect(() => link.hear({ kind: "facts", facts: [hold("a")] })).toThrow("a bug");
    expect([...telling, link.peers.telling()]).toEqual([false, true, false]);
  });

  it("answers questions, and gets the answers to its own", async () => {
    const sent: FromWorker[] = [];
    const link = createPeerLink((message) => void sent.push(message));
    link.peers.listen(listener([]));
    link.hear({ kind: "question", id: 5, question: { kind: "flush" } });
    const asking = link.peers.ask({ kind: "flush" });
    const other = link.peers.ask({ kind: "in-flight" });
    link.hear({ kind: "answers", id: 2, answers: [] });
    link.hear({ kind: "answers", id: 1, answers: [{ worker: 2, answer: { kind: "flushed" } }] });
    expect(await asking).toHaveLength(1);
    expect(await other).toEqual([]);
    expect(sent).toContainEqual({ kind: "answer", id: 5, answer: { kind: "flushed" } });
  });

  it("tells together what is told in one turn, and before a question or an answer that comes after it", async () => {
    const sent: FromWorker[] = [];
    const link = createPeerLink((message) => void sent.push(message));
    link.peers.listen({
      ...listener([]),
      onQuestion: () => {
        link.peers.tell(hold("c").fact);
        return Promise.resolve({ kind: "flushed" });
      },
    });
    link.peers.tell(hold("a").fact);
    link.peers.tell(hold("b").fact);
    expect(sent).toEqual([]);
    void link.peers.ask({ kind: "flush" });
    link.hear({ kind: "question", id: 5, question: { kind: "flush" } });
    await Promise.resolve();
    link.peers.tell(hold("d").fact);
    await new Promise(setImmediate);
    const facts = (...names: readonly string[]) => ({
      kind: "facts",
      facts: names.map((name) => hold(name).fact),
    });
    expect(sent).toEqual([
      facts("a", "b"),
      { kind: "ask", id: 1, question: { kind: "flush" } },
      facts("c"),
      { kind: "answer", id: 5, answer: { kind: "flushed" } },
      facts("d"),
    ]);
  });

  it("leaves nobody waiting where the primary is gone", async () => {
    const link = createPeerLink(() => {});
    const asking = link.peers.ask({ kind: "metrics" });
    link.end();
    expect(await asking).toEqual([]);
    expect(await link.peers.ask({ kind: "metrics" })).toEqual([]);
  });
});
