import { describe, expect, it } from "vitest";
import { createDecisionFeed, type EndedDecision, type WatchedDecision } from "../../src/rpc/decision-feed.ts";
import type { PeerFact } from "../../src/workers/peer-fact.ts";
import type { PeerAnswered } from "../../src/workers/peers.ts";
import { type SharedDecisions, tellOfDecisions } from "../../src/workers/tell-of-decisions.ts";
import { routeDecisionOf } from "../support/call-samples.ts";

function ended(endedAt: number): EndedDecision {
  return { decision: routeDecisionOf({ decisionId: `${endedAt}` }), endedAt, status: "OK" };
}

/** Two workers, each hearing at once what the other tells. */
function createWorkers(): {
  readonly one: SharedDecisions;
  readonly other: SharedDecisions;
  /** What the other told. */
  readonly told: string[];
  /** Runs before the other answers. */
  readonly beforeAnswer: (run: () => void) => void;
} {
  const told: string[] = [];
  let before = (): void => {};
  const heed = (to: () => SharedDecisions, from: number, fact: PeerFact): void => {
    if (fact.kind === "watch") to().watchedBy(from, fact.watched);
    if (fact.kind === "decision") to().overhear(fact.ended);
  };
  const other: SharedDecisions = tellOfDecisions(createDecisionFeed(100), {
    tell: (fact) => {
      told.push(fact.kind);
      heed(() => one, 2, fact);
    },
    ask: () => Promise.resolve([]),
  });
  const one: SharedDecisions = tellOfDecisions(createDecisionFeed(100), {
    tell: (fact) => heed(() => other, 1, fact),
    ask: async (question): Promise<readonly PeerAnswered[]> => {
      await Promise.resolve();
      before();
      const decisions = question.kind === "decisions" ? other.latest(question.count) : [];
      return [{ worker: 2, answer: { kind: "decisions", decisions } }];
    },
  });
  return { one, other, told, beforeAnswer: (run) => (before = run) };
}

/** So many of a watch, then its end. */
async function take(
  watch: AsyncGenerator<WatchedDecision, void, void>,
  count: number,
  stop: AbortController,
): Promise<readonly number[]> {
  const seen: number[] = [];
  for await (const watched of watch) {
    if (watched.kind === "decision") seen.push(watched.ended.endedAt);
    if (seen.length === count) stop.abort();
  }
  return seen;
}

describe("a watch of the decisions of several workers", () => {
  it("shows the last of all, newest first, then each new one of any", async () => {
    const { one, other } = createWorkers();
    for (const at of [1, 4]) one.publish(ended(at));
    for (const at of [2, 3, 5]) other.publish(ended(at));
    const stop = new AbortController();
    const taking = take(one.watch(4, stop.signal), 6, stop);
    await new Promise(setImmediate);
    other.publish(ended(6));
    one.publish(ended(7));
    expect(await taking).toEqual([5, 4, 3, 2, 6, 7]);
  });

  it("shows once, and not never, what ends while the past is asked for", async () => {
    const { one, other, beforeAnswer } = createWorkers();
    beforeAnswer(() => {
      other.publish(ended(1));
      one.publish(ended(2));
    });
    const stop = new AbortController();
    const taking = take(one.watch(10, stop.signal), 3, stop);
    await new Promise(setImmediate);
    other.publish(ended(3));
    expect(await taking).toEqual([1, 2, 3]);
  });

  it("costs the others nothing before it begins and after it has ended", async () => {
    const { one, other, told } = createWorkers();
    other.publish(ended(1));
    expect(told).toEqual([]);
    const stop = new AbortController();
    const second = new AbortController();
    const taking = [take(one.watch(0, stop.signal), 1, stop), take(one.watch(0, second.signal), 1, second)];
    await new Promise(setImmediate);
    other.publish(ended(2));
    expect(await Promise.all(taking)).toEqual([[2], [2]]);
    other.publish(ended(3));
    expect(told).toEqual(["decision"]);
  });

  it("tells of none to a worker that has died", async () => {
    const { one, other, told } = createWorkers();
    const stop = new AbortController();
    const taking = take(one.watch(0, stop.signal), 9, stop);
    other.watchedBy(1, false);
    other.publish(ended(1));
    expect(told).toEqual([]);
    stop.abort();
    expect(await taking).toEqual([]);
  });
});
