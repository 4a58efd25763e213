import type { DecisionFeed, EndedDecision, WatchedDecision } from "../rpc/decision-feed.ts";
import type { Peers } from "./peers.ts";

/** The decisions of all workers: this one's are told while another is watched for them. */
export interface SharedDecisions extends DecisionFeed {
  /** Another worker has watchers, or has none any more. */
  readonly watchedBy: (worker: number, watched: boolean) => void;
}

export function tellOfDecisions(feed: DecisionFeed, peers: Pick<Peers, "tell" | "ask">): SharedDecisions {
  const watching = new Set<number>();
  let watches = 0;

  const begin = (): void => {
    watches += 1;
    if (watches === 1) peers.tell({ kind: "watch", watched: true });
  };
  const end = (): void => {
    watches -= 1;
    if (watches === 0) peers.tell({ kind: "watch", watched: false });
  };

  async function* watch(backlog: number, signal: AbortSignal): AsyncGenerator<WatchedDecision, void, void> {
    begin();
    try {
      const own = feed.latest(backlog);
      const live = feed.watch(0, signal);
      // From here on nothing is missed, whatever ends while others are asked for theirs.
      let next = live.next();
      const others = backlog === 0 ? [] : await latestOfOthers(backlog, peers);
      const past = [...own, ...others].toSorted((a, b) => b.endedAt - a.endedAt).slice(0, backlog);
      for (const ended of past) yield { kind: "decision", ended };
      const told = new Set(past.map(({ decision }) => decision.decisionId));
      for (;;) {
        const { done, value } = await next;
        if (done === true) return;
        if (value.kind === "fell-behind" || !told.delete(value.ended.decision.decisionId)) yield value;
        next = live.next();
      }
    } finally {
      end();
    }
  }

  return {
    ...feed,
    publish: (ended) => {
      feed.publish(ended);
      if (watching.size > 0) peers.tell({ kind: "decision", ended });
    },
    watch,
    watchedBy: (worker, watched) => {
      if (watched) watching.add(worker);
      else watching.delete(worker);
    },
  };
}

async function latestOfOthers(count: number, peers: Pick<Peers, "ask">): Promise<readonly EndedDecision[]> {
  const answers = await peers.ask({ kind: "decisions", count });
  return answers.flatMap(({ answer }) => (answer.kind === "decisions" ? answer.decisions : []));
}
