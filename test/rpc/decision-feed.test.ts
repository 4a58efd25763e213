import { describe, expect, it } from "vitest";
import { createDecisionFeed, type EndedDecision } from "../../src/rpc/decision-feed.ts";
import { routeDecisionOf } from "../support/call-samples.ts";

function ended(id: number): EndedDecision {
  return { decision: routeDecisionOf({ decisionId: `${id}` }), endedAt: id, status: "OK" };
}

function idsOf(watched: readonly unknown[]): readonly (number | string)[] {
  return (watched as { kind: string; ended?: EndedDecision }[]).map(
    ({ kind, ended }) => ended?.endedAt ?? kind,
  );
}

describe("the feed of decisions", () => {
  it("tells the last ones newest first, then each new one", async () => {
    const feed = createDecisionFeed(3);
    for (const id of [1, 2, 3, 4, 5]) feed.publish(ended(id));
    const stop = new AbortController();
    const watch = feed.watch(2, stop.signal);
    const seen = [(await watch.next()).value, (await watch.next()).value];
    const next = watch.next();
    feed.publish(ended(6));
    seen.push((await next).value);
    expect(idsOf(seen)).toEqual([5, 4, 6]);
  });

  it("keeps as many as it was made for", async () => {
    const feed = createDecisionFeed(3);
    for (const id of [1, 2, 3, 4, 5]) feed.publish(ended(id));
    const stop = new AbortController();
    const seen = [];
    for await (const watched of feed.watch(1000, stop.signal)) {
      seen.push(watched);
      if (seen.length === 3) stop.abort();
    }
    expect(idsOf(seen)).toEqual([5, 4, 3]);
  });

  it("misses nothing that ends while the past is being read", async () => {
    const feed = createDecisionFeed(10);
    feed.publish(ended(1));
    feed.publish(ended(2));
    const watch = feed.watch(2, new AbortController().signal);
    const seen = [(await watch.next()).value];
    feed.publish(ended(3));
    for (let count = 0; count < 2; count++) seen.push((await watch.next()).value);
    expect(idsOf(seen)).toEqual([2, 1, 3]);
  });

  it("lets go of a reader that falls too far behind, after what waited for it", async () => {
    const feed = createDecisionFeed(2);
    const watch = feed.watch(0, new AbortController().signal);
    const first = watch.next();
    feed.publish(ended(0));
    await first;
    for (const id of [1, 2, 3]) feed.publish(ended(id));
    const rest = [];
    for await (const watched of watch) rest.push(watched);
    expect(idsOf(rest)).toEqual([1, 2, "fell-behind"]);
  });

  it("ends when its reader's signal aborts, and forgets a reader that leaves", async () => {
    const feed = createDecisionFeed(2);
    const stop = new AbortController();
    const waiting = feed.watch(0, stop.signal).next();
    stop.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    const left = feed.watch(0, new AbortController().signal);
    const first = left.next();
    feed.publish(ended(1));
    await first;
    await left.return();
    feed.publish(ended(2));
  });
});
