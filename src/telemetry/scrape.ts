import { diag } from "@opentelemetry/api";
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { AggregationTemporality, type IMetricReader } from "@opentelemetry/sdk-metrics";
import { type CreateHistogram, createHistogramProducer } from "./histogram-producer.ts";
import { scopeName } from "./names.ts";

/** Metrics that wait to be fetched. */
export interface Scrape {
  readonly reader: IMetricReader;
  /** Of histograms that the reader reads. */
  readonly createHistogram: CreateHistogram;
  /** All of them as they are now. */
  readonly text: () => Promise<string>;
}

/**
 * Metrics in Prometheus' text format. The exporter appends no unit, a collector does: so do we to what is in
 * seconds, so that a dashboard reads the same on both ways (`rpc_server_call_duration_seconds_bucket`).
 */
export function createScrape(version: string): Scrape {
  const histograms = createHistogramProducer({
    scope: { name: scopeName, version },
    temporality: AggregationTemporality.CUMULATIVE,
    nameOf: ({ name, unit }) => (unit === "s" ? `${name}.seconds` : name),
  });
  const exporter = new PrometheusExporter({ preventServerStart: true, metricProducers: [histograms] });
  const serializer = new PrometheusSerializer();
  return {
    reader: exporter,
    createHistogram: histograms.createHistogram,
    text: async () => {
      const { resourceMetrics, errors } = await exporter.collect();
      if (errors.length > 0) diag.error("some metrics could not be collected", ...errors);
      return serializer.serialize(resourceMetrics);
    },
  };
}
