import type { IncomingMessage, ServerResponse } from "node:http";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import type { IMetricReader, ViewOptions } from "@opentelemetry/sdk-metrics";
import { secondsMetrics } from "./metrics.ts";

/** Metrics that wait to be fetched. */
export interface Scrape {
  readonly reader: IMetricReader;
  readonly views: ViewOptions[];
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
}

/**
 * Prometheus' text format for a plain HTTP handler. The exporter appends no unit, a collector does: views
 * rename, so that a dashboard reads the same on both ways (`rpc_server_call_duration_seconds_bucket`).
 * A view renames for every reader, hence never together with a push.
 */
export function createScrape(): Scrape {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  return {
    reader: exporter,
    views: secondsMetrics.map((name) => ({ instrumentName: name, name: `${name}.seconds` })),
    handle: (request, response) => {
      exporter.getMetricsRequestHandler(request, response);
      response.setHeader("content-type", "text/plain; version=0.0.4; charset=utf-8");
    },
  };
}
