import type { Attributes } from "@opentelemetry/api";

/** Of one label; undefined leaves the label out. */
export type LabelValue = string | undefined;

/** What a metric keeps for each set of labels that was said. */
export interface LabelSets<T> {
  /** @param values of the labels, in their order. Configured words only: each is kept */
  readonly of: (values: readonly LabelValue[]) => T;
  /** All of them, in the order in which they were first said. */
  readonly all: readonly T[];
}

// As the SDK bounds its own instruments: 2000, the one for all that would be more included.
const mostSets = 1999;
const overflow: Attributes = { "otel.metric.overflow": true };

/** What begins with the same values. Only those below the last label keep something. */
interface Branch<T> {
  kept: T | undefined;
  readonly further: Map<LabelValue, Branch<T>>;
}

/**
 * Finds by one value after the other, and so makes nothing for a set that was said before; a set beyond the
 * bound is told as all others beyond it.
 * @param names of the labels
 * @param keep makes what is kept for a new set
 * @see https://opentelemetry.io/docs/specs/otel/metrics/sdk/#cardinality-limits
 */
export function createLabelSets<T>(names: readonly string[], keep: (labels: Attributes) => T): LabelSets<T> {
  const root = createBranch<T>();
  const all: T[] = [];
  let beyond: T | undefined;

  const add = (labels: Attributes): T => {
    const kept = keep(labels);
    all.push(kept);
    return kept;
  };

  const grow = (values: readonly LabelValue[]): T => {
    if (all.length >= mostSets) return (beyond ??= add(overflow));
    const labels: Attributes = {};
    let branch = root;
    for (const [at, name] of names.entries()) {
      const value = values[at];
      if (value !== undefined) labels[name] = value;
      const next = branch.further.get(value) ?? createBranch<T>();
      branch.further.set(value, next);
      branch = next;
    }
    return (branch.kept = add(labels));
  };

  return {
    all,
    of: (values) => {
      let branch = root;
      for (let at = 0; at < names.length; at += 1) {
        const next = branch.further.get(values[at]);
        if (next === undefined) return grow(values);
        branch = next;
      }
      return branch.kept ?? grow(values);
    },
  };
}

function createBranch<T>(): Branch<T> {
  return { kept: undefined, further: new Map() };
}
