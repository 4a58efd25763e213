import type { Ledger } from "../ledger/ledger.ts";
import { mergeMetrics } from "./merge-metrics.ts";
import type { WorkerSeat } from "./join-primary.ts";

/** What all workers measured. One that does not answer in time is missing from a scrape, not counted as zero. */
export function metricsOfAll(
  { number, peers }: Pick<WorkerSeat, "number" | "peers">,
  own: () => Promise<string>,
): () => Promise<string> {
  return async () => {
    const [text, others] = await Promise.all([own(), peers.ask({ kind: "metrics" })]);
    const told = others.flatMap(({ worker, answer }) =>
      answer.kind === "metrics" ? [{ worker, text: answer.text }] : [],
    );
    return mergeMetrics([{ worker: number, text }, ...told].toSorted((a, b) => a.worker - b.worker));
  };
}

/** Calls under way in the other workers, by deployment. */
export async function inFlightElsewhere({
  peers,
}: Pick<WorkerSeat, "peers">): Promise<ReadonlyMap<string, number>> {
  const sums = new Map<string, number>();
  for (const { answer } of await peers.ask({ kind: "in-flight" })) {
    if (answer.kind !== "in-flight") continue;
    for (const [deployment, calls] of answer.calls) sums.set(deployment, (sums.get(deployment) ?? 0) + calls);
  }
  return sums;
}

/** A ledger whose reports hold what every worker has recorded by now. */
export function reportOfAll(ledger: Ledger, { peers }: Pick<WorkerSeat, "peers">): Pick<Ledger, "report"> {
  return {
    report: async (window) => {
      await peers.ask({ kind: "flush" });
      return ledger.report(window);
    },
  };
}
