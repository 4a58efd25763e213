import type { PushMetricExporter } from "@opentelemetry/sdk-metrics";
import type { SpanExporter } from "@opentelemetry/sdk-trace";
import { type Environment, type OtlpTarget, valueOf } from "./export-plan.ts";

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

/** The span exporter for this protocol; only that one is loaded. */
export async function createSpanExporter(
  target: OtlpTarget,
  env: Environment,
  concurrencyLimit: number,
): Promise<SpanExporter> {
  const options = optionsFor(target, env, "TRACES", concurrencyLimit);
  const { OTLPTraceExporter } =
    target.protocol === "grpc"
      ? await import("@opentelemetry/exporter-trace-otlp-grpc")
      : await import("@opentelemetry/exporter-trace-otlp-proto");
  // `compression` is an enum of a package that is not ours to import; its member is this string.
  return new OTLPTraceExporter(options as ConstructorParameters<typeof OTLPTraceExporter>[0]);
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
