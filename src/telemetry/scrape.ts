import { diag } from "@opentelemetry/api";
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import type { IMetricReader, ViewOptions } from "@opentelemetry/sdk-metrics";
import { secondsMetrics } from "./metrics.ts";

/** Metrics that wait to be fetched. */
export interface Scrape {
  readonly reader: IMetricReader;
  readonly views: ViewOptions[];
  /** All of them as they are now. */
  readonly text: () => Promise<string>;
}

/**
 * Metrics in Prometheus' text format. The exporter appends no unit, a collector does: views
 * rename, so that a dashboard reads the same on both ways (`rpc_server_call_duration_seconds_bucket`).
 * A view renames for every reader, hence never together with a push.
 */
export function createScrape(): Scrape {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const serializer = new PrometheusSerializer();
  return {
    reader: exporter,
    views: secondsMetrics.map((name) => ({ instrumentName: name, name: `${name}.seconds` })),
    text: async () => {
      const { resourceMetrics, errors } = await exporter.collect();
      if (errors.length > 0) diag.error("some metrics could not be collected", ...errors);
      return serializer.serialize(resourceMetrics);
    },
  };
}
