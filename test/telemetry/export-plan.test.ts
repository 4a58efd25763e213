import { describe, expect, it } from "vitest";
import { type Environment, type ExportPlan, planExport } from "../../src/telemetry/export-plan.ts";

const base = "http://collector:4318";

describe("planExport()", () => {
  const cases: readonly {
    readonly name: string;
    readonly env: Environment;
    readonly expected: Partial<ExportPlan>;
  }[] = [
    { name: "exports nothing by default, and lets metrics be scraped", env: {}, expected: { scrape: true } },
    {
      name: "takes an empty variable as unset",
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: "", OTEL_SDK_DISABLED: "" },
      expected: { scrape: true },
    },
    {
      name: "appends each signal's path to the common endpoint",
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: base },
      expected: {
        traces: { protocol: "http/protobuf", url: `${base}/v1/traces` },
        metrics: { protocol: "http/protobuf", url: `${base}/v1/metrics` },
        scrape: false,
      },
    },
    {
      name: "keeps a path of the common endpoint",
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: `${base}/otlp/`, OTEL_METRICS_EXPORTER: "none" },
      expected: { traces: { protocol: "http/protobuf", url: `${base}/otlp/v1/traces` }, scrape: false },
    },
    {
      name: "takes a signal's own endpoint as it stands",
      env: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${base}/in` },
      expected: { traces: { protocol: "http/protobuf", url: `${base}/in` }, scrape: true },
    },
    {
      name: "speaks gRPC where asked, to a bare host and port too",
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
      expected: {
        traces: { protocol: "grpc", url: "collector:4317" },
        metrics: { protocol: "grpc", url: "collector:4317" },
        scrape: false,
      },
    },
    {
      name: "lets a signal have its own protocol",
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: base,
        OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: "grpc",
        OTEL_TRACES_EXPORTER: "otlp",
      },
      expected: {
        traces: { protocol: "http/protobuf", url: `${base}/v1/traces` },
        metrics: { protocol: "grpc", url: base },
        scrape: false,
      },
    },
    {
      name: "leaves a signal out that is switched off",
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_TRACES_EXPORTER: "none", OTEL_METRICS_EXPORTER: "none" },
      expected: { scrape: false },
    },
    {
      name: "scrapes where prometheus is named, even with an endpoint",
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: base,
        OTEL_TRACES_EXPORTER: "none",
        OTEL_METRICS_EXPORTER: "prometheus",
      },
      expected: { scrape: true },
    },
    {
      name: "does nothing where the SDK is disabled",
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_SDK_DISABLED: "TRUE" },
      expected: { scrape: false },
    },
  ];
  it.each(cases)("$name", ({ env, expected }) => {
    expect(planExport(env)).toEqual({ traces: undefined, metrics: undefined, warnings: [], ...expected });
  });

  const doubtful = [
    { env: { OTEL_CONFIG_FILE: "otel.yaml" }, says: "OTEL_CONFIG_FILE" },
    { env: { OTEL_TRACES_EXPORTER: "zipkin" }, says: "zipkin" },
    {
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: base, OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" },
      says: "http/json",
    },
    { env: { OTEL_EXPORTER_OTLP_ENDPOINT: "localhost:4318" }, says: "no http(s) URL" },
    { env: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://" }, says: "no http(s) URL" },
  ];
  for (const { env, says } of doubtful) {
    it(`warns of ${JSON.stringify(env)}`, () => {
      expect(planExport(env).warnings.join("\n")).toContain(says);
    });
  }
});
