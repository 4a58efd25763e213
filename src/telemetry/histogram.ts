import { type Attributes, diag, type HrTime } from "@opentelemetry/api";
import { AggregationTemporality, type DataPoint, type Histogram as Value } from "@opentelemetry/sdk-metrics";
import { toHrTime } from "./hr-time.ts";
import { createLabelSets, type LabelValue } from "./label-sets.ts";

/** What a histogram is of. */
export interface HistogramOptions {
  readonly name: string;
  /** In UCUM's spelling. */
  readonly unit: string;
  readonly description: string;
  /** Inclusive upper bounds of the buckets, ascending; what is above the last has a bucket of its own. */
  readonly bounds: readonly number[];
  /** Names of its labels. */
  readonly labels: readonly string[];
}

/** Observations counted by buckets. */
export interface Histogram {
  /**
   * @param value not negative, in the histogram's unit
   * @param labels their values, in their order; undefined leaves one out. Configured words only: each is kept
   */
  readonly record: (value: number, ...labels: LabelValue[]) => void;
}

/** A histogram that adds up here and is asked at each collection. */
export interface CollectedHistogram extends Histogram {
  /** @param endTime of the collection. With delta temporality the next one tells what came after it. */
  readonly collect: (endTime: HrTime, temporality: AggregationTemporality) => DataPoint<Value>[];
}

/** The observations of one set of labels. */
interface Observations {
  readonly labels: Attributes;
  readonly counts: number[];
  /** Undefined: that of the next observation. */
  startTime: HrTime | undefined;
  count: number;
  sum: number;
  min: number;
  max: number;
}

const nothing = { count: 0, sum: 0, min: Infinity, max: -Infinity };

/** For what is observed with every call: the SDK's own sorts and spells out the labels each time (decision 0014). */
export function createHistogram(options: Omit<HistogramOptions, "unit" | "description">): CollectedHistogram {
  const { name, labels, bounds } = options;
  const boundaries = [...bounds];
  const observed = createLabelSets(labels, (said): Observations => ({
    labels: said,
    counts: Array.from({ length: boundaries.length + 1 }, () => 0),
    startTime: undefined,
    ...nothing,
  }));
  return {
    record: (value, ...values) => {
      if (!(value >= 0)) {
        diag.warn(`a histogram takes no negative number: ${name} was given ${value}`);
        return;
      }
      const into = observed.of(values);
      into.startTime ??= toHrTime(Date.now());
      into.count += 1;
      into.sum += value;
      if (value < into.min) into.min = value;
      if (value > into.max) into.max = value;
      const bucket = bucketOf(boundaries, value);
      into.counts[bucket] = (into.counts[bucket] ?? 0) + 1;
    },
    collect: (endTime, temporality) => {
      const points: DataPoint<Value>[] = [];
      for (const observations of observed.all) {
        if (observations.count > 0) points.push(pointOf(observations, boundaries, endTime));
        if (temporality === AggregationTemporality.DELTA) restart(observations, endTime);
      }
      return points;
    },
  };
}

// As the SDK does: intervals follow each other without a gap as long as each has observations.
function restart(observations: Observations, at: HrTime): void {
  observations.startTime = observations.count > 0 ? at : undefined;
  observations.counts.fill(0);
  Object.assign(observations, nothing);
}

function pointOf(observations: Observations, boundaries: number[], endTime: HrTime): DataPoint<Value> {
  const { labels, startTime = endTime, counts, count, sum, min, max } = observations;
  return {
    attributes: labels,
    startTime,
    endTime,
    // A copy: an export that waits tells what was when it was collected.
    value: { buckets: { boundaries, counts: [...counts] }, count, sum, min, max },
  };
}

/** Index of the first bound that is not below the value; their number where all are. */
function bucketOf(bounds: readonly number[], value: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bounds[middle] ?? Infinity) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
