import type { Attributes, ObservableCounter } from "@opentelemetry/api";
import { createLabelSets, type LabelValue } from "./label-sets.ts";

/** A counter that adds up here and is asked at each collection. */
export interface Tally {
  /** @param labels their values, in their order; undefined leaves one out. Configured words only: each is kept */
  readonly add: (amount: number, ...labels: LabelValue[]) => void;
}

/** The sum of one set of labels. */
interface Sum {
  total: number;
  readonly labels: Attributes;
}

/**
 * For what is counted with every call: the SDK's own counters sort and spell out the labels of each addition.
 * @param names of the labels
 */
export function createTally(counter: ObservableCounter, names: readonly string[]): Tally {
  const sums = createLabelSets(names, (labels): Sum => ({ total: 0, labels }));
  counter.addCallback((result) => {
    for (const { total, labels } of sums.all) result.observe(total, labels);
  });
  return {
    add: (amount, ...labels) => {
      sums.of(labels).total += amount;
    },
  };
}
