import { trace } from "@opentelemetry/api";
import {
  AggregationTemporality,
  type IMetricReader,
  InstrumentType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { BatchSpanProcessor, NoopSpanProcessor, type SpanProcessor } from "@opentelemetry/sdk-trace";
import { createAsyncContext } from "./async-context.ts";
import {
  type Environment,
  type ExportPlan,
  type OtlpTarget,
  positiveIntegerOf,
  valueOf,
} from "./export-plan.ts";
import { type CreateHistogram, createHistogramProducer, noHistogram } from "./histogram-producer.ts";
import { scopeName } from "./names.ts";
import { createMetricExporter, createSpanExporter } from "./otlp-exporters.ts";
import { createRecordingTracer } from "./recording-tracer.ts";
import { serviceResource } from "./resource.ts";
import { recordNothing } from "./samplers.ts";
import type { Scrape } from "./scrape.ts";
import type { Sdk } from "./sdk.ts";

/** Starts the SDK with the exporters of this plan. Import it only where there are any: it loads them all. */
export async function startExportingSdk(
  plan: ExportPlan,
  options: {
    readonly env: Environment;
    readonly version: string;
    readonly scrape: Scrape | undefined;
    readonly worker: number | undefined;
  },
): Promise<Sdk> {
  const { env, version, scrape, worker } = options;
  const resource = serviceResource(version, worker);
  const read = plan.metrics === undefined ? scrape : await pushMetrics(plan.metrics, env, version);
  const reader = read?.reader;
  const meters = new MeterProvider({ resource, readers: reader === undefined ? [] : [reader] });
  const spans = await spanProcessor(plan, env, meters);
  const sdk = new NodeSDK({
    resource,
    resourceDetectors: [],
    contextManager: createAsyncContext(),
    // Ours reads and writes `traceparent` alone; nothing uses the global one.
    textMapPropagator: null,
    ...(plan.traces === undefined ? { sampler: recordNothing() } : {}),
    spanProcessors: [spans],
    // Built above, because the span processor counts its losses on it.
    metricReaders: [],
    // Left out, it would send logs to localhost.
    logRecordProcessors: [],
  });
  sdk.start();
  const instrumentationScope = { name: scopeName, version };
  return {
    // With a sampler of the environment's choice the SDK's own, which knows them all.
    tracer:
      plan.traces === undefined || valueOf(env, "OTEL_TRACES_SAMPLER") !== undefined
        ? trace.getTracer(scopeName, version)
        : createRecordingTracer({ resource, instrumentationScope, onEnd: (span) => spans.onEnd(span) }),
    meter: meters.getMeter(scopeName, version),
    createHistogram: read?.createHistogram ?? noHistogram,
    flush: async () => {
      await Promise.all([spans.forceFlush(), reader?.forceFlush()]);
    },
    shutdown: async () => {
      // So that the process can start again, as tests do.
      trace.disable();
      await Promise.all([sdk.shutdown(), meters.shutdown()]);
    },
  };
}

async function spanProcessor(
  plan: ExportPlan,
  env: Environment,
  meters: MeterProvider,
): Promise<SpanProcessor> {
  if (plan.traces === undefined) return new NoopSpanProcessor();
  // One batch is under way at a time: with 8192 waiting, 4000 spans/s survive a collector 200 ms away.
  const maxQueueSize = positiveIntegerOf(env, "OTEL_BSP_MAX_QUEUE_SIZE") ?? 8192;
  const maxExportBatchSize = Math.min(
    positiveIntegerOf(env, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE") ?? 512,
    maxQueueSize,
  );
  // A flush sends all batches at once; beyond this limit (30 by default) the exporter refuses and they are lost.
  const concurrencyLimit = Math.ceil(maxQueueSize / maxExportBatchSize) + 2;
  return new BatchSpanProcessor({
    exporter: await createSpanExporter(plan.traces, env, concurrencyLimit),
    maxQueueSize,
    maxExportBatchSize,
    scheduledDelayMillis: positiveIntegerOf(env, "OTEL_BSP_SCHEDULE_DELAY") ?? 1000,
    exportTimeoutMillis: positiveIntegerOf(env, "OTEL_BSP_EXPORT_TIMEOUT") ?? 3000,
    // `otel_sdk_processor_span_processed_total{error_type="queue_full"}`: spans lost to a slow collector.
    ...(valueOf(env, "OTEL_NODE_EXPERIMENTAL_SDK_METRICS")?.toLowerCase() === "true"
      ? { selfObsMeterProvider: meters }
      : {}),
  });
}

async function pushMetrics(
  target: OtlpTarget,
  env: Environment,
  version: string,
): Promise<{ readonly reader: IMetricReader; readonly createHistogram: CreateHistogram }> {
  const exporter = await createMetricExporter(target, env);
  const histograms = createHistogramProducer({
    scope: { name: scopeName, version },
    // The exporter reads OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE.
    temporality:
      exporter.selectAggregationTemporality?.(InstrumentType.HISTOGRAM) ?? AggregationTemporality.CUMULATIVE,
  });
  const exportIntervalMillis = positiveIntegerOf(env, "OTEL_METRIC_EXPORT_INTERVAL") ?? 60_000;
  const reader = new PeriodicExportingMetricReader({
    exporter,
    metricProducers: [histograms],
    exportIntervalMillis,
    exportTimeoutMillis: Math.min(
      positiveIntegerOf(env, "OTEL_METRIC_EXPORT_TIMEOUT") ?? 3000,
      exportIntervalMillis,
    ),
  });
  return { reader, createHistogram: histograms.createHistogram };
}
