import { ValueType } from "@opentelemetry/api";
import { emptyResource } from "@opentelemetry/resources";
import {
  type AggregationTemporality,
  DataPointType,
  type HistogramMetricData,
  type MetricProducer,
} from "@opentelemetry/sdk-metrics";
import {
  type CollectedHistogram,
  createHistogram,
  type Histogram,
  type HistogramOptions,
} from "./histogram.ts";
import { toHrTime } from "./hr-time.ts";

/** Creates a histogram; each name once. */
export type CreateHistogram = (options: HistogramOptions) => Histogram;

/** Histograms of our own and what hands them to the one reader they are for. */
export interface HistogramProducer extends MetricProducer {
  readonly createHistogram: CreateHistogram;
}

/** For a process whose metrics nobody reads. */
export const noHistogram: CreateHistogram = () => ({ record: () => {} });

/**
 * Histograms beside those of the SDK's meters.
 * @param options.temporality that the reader wants of histograms
 * @param options.nameOf the name under which the reader is told of a histogram; left out: its own
 */
export function createHistogramProducer(options: {
  readonly scope: { readonly name: string; readonly version: string };
  readonly temporality: AggregationTemporality;
  readonly nameOf?: (histogram: HistogramOptions) => string;
}): HistogramProducer {
  const { scope, temporality, nameOf = ({ name }) => name } = options;
  const created: { readonly of: HistogramOptions; readonly histogram: CollectedHistogram }[] = [];
  return {
    createHistogram: (of) => {
      const histogram = createHistogram(of);
      created.push({ of, histogram });
      return histogram;
    },
    collect: async () => {
      const endTime = toHrTime(Date.now());
      const metrics = created
        .map(({ of, histogram }): HistogramMetricData => ({
          descriptor: {
            name: nameOf(of),
            description: of.description,
            unit: of.unit,
            valueType: ValueType.DOUBLE,
          },
          aggregationTemporality: temporality,
          dataPointType: DataPointType.HISTOGRAM,
          dataPoints: histogram.collect(endTime, temporality),
        }))
        .filter(({ dataPoints }) => dataPoints.length > 0);
      return {
        // The reader takes the SDK's resource.
        resourceMetrics: {
          resource: emptyResource(),
          scopeMetrics: metrics.length === 0 ? [] : [{ scope, metrics }],
        },
        errors: [],
      };
    },
  };
}
