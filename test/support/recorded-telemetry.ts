import { context, trace } from "@opentelemetry/api";
import { emptyResource } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  type DataPoint,
  type ExponentialHistogram,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { createAsyncContext } from "../../src/telemetry/async-context.ts";
import { createHistogramProducer } from "../../src/telemetry/histogram-producer.ts";
import { createLog } from "../../src/telemetry/log.ts";
import { createInstruments } from "../../src/telemetry/metrics.ts";
import { createRecordingTracer } from "../../src/telemetry/recording-tracer.ts";
import type { SpanSource } from "../../src/telemetry/span-source.ts";

/** One point of a metric: its labels, and its value or, of a histogram, count and sum. */
interface RecordedPoint {
  readonly labels: Readonly<Record<string, unknown>>;
  readonly value: unknown;
}

/** Spans, metrics and log lines kept in memory, for tests. */
export interface RecordedTelemetry {
  readonly source: SpanSource;
  /** Ended spans, in the order of their ends. */
  readonly spans: () => readonly ReadableSpan[];
  readonly span: (name: string) => ReadableSpan;
  readonly points: (metric: string) => Promise<readonly RecordedPoint[]>;
  readonly lines: () => readonly Readonly<Record<string, unknown>>[];
  readonly close: () => Promise<void>;
}

/** A source whose spans, metrics and lines can be read back. Sets the global context manager until closed. */
export function recordTelemetry(
  options: { readonly now?: () => number; readonly sampler?: Sampler } = {},
): RecordedTelemetry {
  context.setGlobalContextManager(createAsyncContext());
  const exporter = new InMemorySpanExporter();
  const processor = new SimpleSpanProcessor({ exporter });
  const { sampler } = options;
  const tracers = sampler && new TracerProvider({ sampler, spanProcessors: [processor] });
  const origin = {
    resource: emptyResource(),
    instrumentationScope: { name: "test" },
    onEnd: (span: ReadableSpan) => processor.onEnd(span),
  };
  const histograms = createHistogramProducer({
    scope: { name: "test", version: "" },
    temporality: AggregationTemporality.CUMULATIVE,
  });
  const reader = new PeriodicExportingMetricReader({
    exporter: new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE),
    metricProducers: [histograms],
    exportIntervalMillis: 3_600_000,
    exportTimeoutMillis: 1000,
  });
  const meters = new MeterProvider({ readers: [reader] });
  const lines: Readonly<Record<string, unknown>>[] = [];
  const log = createLog("debug", {
    write: (line) => {
      lines.push(JSON.parse(line) as Readonly<Record<string, unknown>>);
    },
  });
  return {
    source: {
      tracer: tracers?.getTracer("test") ?? createRecordingTracer(origin),
      instruments: createInstruments(meters.getMeter("test"), histograms.createHistogram),
      log,
      now: options.now ?? (() => performance.now()),
    },
    spans: () => exporter.getFinishedSpans(),
    span: (name) => {
      const found = exporter.getFinishedSpans().filter((span) => span.name === name);
      if (found.length !== 1) throw new Error(`${found.length} spans are called ${name}`);
      return found[0]!;
    },
    points: async (metric) => {
      const { resourceMetrics } = await reader.collect();
      return resourceMetrics.scopeMetrics
        .flatMap((scope) => scope.metrics)
        .filter((data) => data.descriptor.name === metric)
        .flatMap((data): DataPoint<number | Histogram | ExponentialHistogram>[] => [...data.dataPoints])
        .map((point) => ({
          labels: point.attributes,
          value:
            typeof point.value === "number"
              ? point.value
              : { count: point.value.count, sum: "sum" in point.value ? point.value.sum : undefined },
        }));
    },
    lines: () => lines,
    close: async () => {
      trace.disable();
      context.disable();
      await Promise.all([tracers?.shutdown(), meters.shutdown()]);
    },
  };
}
