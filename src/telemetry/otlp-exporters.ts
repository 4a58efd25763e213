import { OTLPExporterBase } from "@opentelemetry/otlp-exporter-base";
import type { OTLPExporterNodeConfigBase } from "@opentelemetry/otlp-exporter-base/node-http";
import { TraceExporterMetricsHelper } from "@opentelemetry/otlp-transformer";
import type { PushMetricExporter } from "@opentelemetry/sdk-metrics";
import type { SpanExporter } from "@opentelemetry/sdk-trace";
import { type Environment, type OtlpTarget, valueOf } from "./export-plan.ts";
import { createSpanSerializer } from "./write-spans.ts";

// A batch that takes longer is lost anyway, and a shutdown waits for it. The SDK's own default is 10 s.
const exportTimeoutMs = 2_000;

interface OtlpOptions {
  readonly url: string;
  readonly timeoutMillis?: number;
  readonly concurrencyLimit: number;
  readonly compression?: "gzip";
}

/** Our settings, where the environment says nothing else; headers and TLS the exporters read themselves. */
function optionsFor(
  target: OtlpTarget,
  env: Environment,
  signal: "TRACES" | "METRICS",
  concurrencyLimit: number,
): OtlpOptions {
  const unset = (name: string): boolean =>
    valueOf(env, `OTEL_EXPORTER_OTLP_${signal}_${name}`) === undefined &&
    valueOf(env, `OTEL_EXPORTER_OTLP_${name}`) === undefined;
  return {
    url: target.url,
    concurrencyLimit,
    ...(unset("TIMEOUT") ? { timeoutMillis: exportTimeoutMs } : {}),
    // Spans repeat themselves: a tenth of the bytes for 2 µs a span. On loopback bytes are free, and a
    // development backend there may not unpack (autotel-devtools 27 does not: trace-backend.test.ts).
    ...(unset("COMPRESSION") && !onLoopback(target.url) ? { compression: "gzip" as const } : {}),
  };
}

function onLoopback(url: string): boolean {
  return /^(?:\w+:\/\/)?(?:localhost|127(?:\.\d+){3}|\[::1\])(?:[:/]|$)/i.test(url);
}

/** The span exporter for this protocol, with our serializer; only what it needs is loaded. */
export async function createSpanExporter(
  target: OtlpTarget,
  env: Environment,
  concurrencyLimit: number,
): Promise<SpanExporter> {
  // `compression` is an enum of a package that is not ours to import; its member is this string.
  const options = optionsFor(target, env, "TRACES", concurrencyLimit) as OTLPExporterNodeConfigBase;
  if (target.protocol === "grpc") {
    const { convertLegacyOtlpGrpcOptions, createOtlpGrpcExportDelegate } =
      await import("@opentelemetry/otlp-grpc-exporter-base");
    return new OTLPExporterBase(
      createOtlpGrpcExportDelegate(
        convertLegacyOtlpGrpcOptions(options, "TRACES"),
        createSpanSerializer(),
        "otlp_grpc_span_exporter",
        TraceExporterMetricsHelper,
        undefined,
        "TraceExportService",
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
      ),
    );
  }
  const { convertLegacyHttpOptions, createOtlpHttpExportDelegate } =
    await import("@opentelemetry/otlp-exporter-base/node-http");
  return new OTLPExporterBase(
    createOtlpHttpExportDelegate(
      convertLegacyHttpOptions(options, "TRACES", "v1/traces", { "Content-Type": "application/x-protobuf" }),
      createSpanSerializer(),
      "otlp_http_span_exporter",
      TraceExporterMetricsHelper,
      undefined,
    ),
  );
}

/** The metric exporter for this protocol; only that one is loaded. */
export async function createMetricExporter(
  target: OtlpTarget,
  env: Environment,
): Promise<PushMetricExporter> {
  const options = optionsFor(target, env, "METRICS", 2);
  const { OTLPMetricExporter } =
    target.protocol === "grpc"
      ? await import("@opentelemetry/exporter-metrics-otlp-grpc")
      : await import("@opentelemetry/exporter-metrics-otlp-proto");
  return new OTLPMetricExporter(options as ConstructorParameters<typeof OTLPMetricExporter>[0]);
}
