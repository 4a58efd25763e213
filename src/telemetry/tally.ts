import type { Attributes, ObservableCounter } from "@opentelemetry/api";

/** A counter that adds up here and is asked at each collection. */
export interface Tally {
  /** @param values of its labels, in their order; undefined leaves one out. Configured words only: each is kept */
  readonly add: (amount: number, ...values: (string | undefined)[]) => void;
}

/** The sum of one set of labels, and those of the sets that begin with it. */
interface Branch {
  total: number | undefined;
  readonly labels: Attributes;
  readonly further: Map<string | undefined, Branch>;
}

/**
 * For what is counted with every call: the SDK's own counters sort and spell out the labels of each addition.
 * @param names of the labels
 */
export function createTally(counter: ObservableCounter, names: readonly string[]): Tally {
  const root = createBranch({});
  const counted: Branch[] = [];
  counter.addCallback((result) => {
    for (const { total = 0, labels } of counted) result.observe(total, labels);
  });

  const grow = (branch: Branch, name: string, value: string | undefined): Branch => {
    const next = createBranch(value === undefined ? branch.labels : { ...branch.labels, [name]: value });
    branch.further.set(value, next);
    return next;
  };

  return {
    add: (amount, ...values) => {
      let branch = root;
      let at = 0;
      for (const name of names) {
        const value = values[at++];
        branch = branch.further.get(value) ?? grow(branch, name, value);
      }
      if (branch.total === undefined) counted.push(branch);
      branch.total = (branch.total ?? 0) + amount;
    },
  };
}

function createBranch(labels: Attributes): Branch {
  return { total: undefined, labels, further: new Map() };
}
