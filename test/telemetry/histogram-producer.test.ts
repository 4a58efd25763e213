import { PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { ProtobufMetricsSerializer } from "@opentelemetry/otlp-transformer";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  type DataPoint,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricProducer,
  PeriodicExportingMetricReader,
  type ResourceMetrics,
} from "@opentelemetry/sdk-metrics";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createHistogramProducer } from "../../src/telemetry/histogram-producer.ts";

const scope = { name: "switchyard", version: "1.2.3" };
const resource = resourceFromAttributes({ "service.name": "switchyard" });
const options = {
  name: "call.duration",
  unit: "s",
  description: "Duration of calls",
  bounds: [0.25, 0.5, 1, 4, 16, 1024],
  labels: ["method", "model", "error.type"],
};

function readerOf(temporality: AggregationTemporality, metricProducers: MetricProducer[]) {
  const reader = new PeriodicExportingMetricReader({
    exporter: new InMemoryMetricExporter(temporality),
    exportIntervalMillis: 3_600_000,
    exportTimeoutMillis: 1000,
    metricProducers,
  });
  return { reader, meters: new MeterProvider({ resource, readers: [reader] }) };
}

type Said = readonly [string | undefined, string | undefined, string | undefined];

/** The SDK's histogram and ours, told the same. */
function twins(temporality: AggregationTemporality) {
  const producer = createHistogramProducer({ scope, temporality });
  const ours = readerOf(temporality, [producer]);
  const sdks = readerOf(temporality, []);
  const our = producer.createHistogram(options);
  const { name, unit, description, bounds, labels } = options;
  const their = sdks.meters
    .getMeter(scope.name, scope.version)
    .createHistogram(name, { unit, description, advice: { explicitBucketBoundaries: bounds } });
  return {
    record: (value: number, said: Said) => {
      our.record(value, ...said);
      const given = labels.map((label, at) => [label, said[at]] as const);
      their.record(value, Object.fromEntries(given.filter(([, one]) => one !== undefined)));
    },
    collect: async () => ({
      ours: (await ours.reader.collect()).resourceMetrics,
      sdks: (await sdks.reader.collect()).resourceMetrics,
    }),
    close: () => Promise.all([ours.meters.shutdown(), sdks.meters.shutdown()]),
  };
}

/** All that is exported of metrics, the sets of labels in one order. */
function exported({ scopeMetrics }: ResourceMetrics) {
  const sorted = {
    resource,
    scopeMetrics: scopeMetrics.map(({ scope: { name, version }, metrics }) => ({
      scope: { name, version },
      metrics: metrics.map(({ descriptor: { name, unit, description, valueType }, ...data }) => ({
        ...data,
        descriptor: { name, unit, description, valueType },
        dataPoints: data.dataPoints.toSorted((one, other) =>
          JSON.stringify(one.attributes).localeCompare(JSON.stringify(other.attributes)),
        ),
      })),
    })),
  } as ResourceMetrics;
  return {
    scopeMetrics: sorted.scopeMetrics,
    text: new PrometheusSerializer().serialize(sorted),
    bytes: ProtobufMetricsSerializer.serializeRequest(sorted),
  };
}

// Few, so that most are said in several intervals.
const said = fc.tuple(
  fc.constantFrom("chat", "é"),
  fc.constantFrom("a", "", undefined),
  fc.constantFrom(undefined, "timeout"),
);
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      // Whole 1024ths: their sums are exact, whichever are added first.
      value: fc.oneof(
        fc.integer({ min: -10, max: 2 ** 21 }).map((parts) => parts / 1024),
        fc.constantFrom(0, ...options.bounds, Infinity),
      ),
      said,
    }),
  },
  { weight: 3, arbitrary: fc.record({ afterMs: fc.integer({ min: 0, max: 5000 }) }) },
  { weight: 2, arbitrary: fc.constant("collect" as const) },
);

describe("a histogram of our own", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1_700_000_000_123 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  for (const temporality of [AggregationTemporality.CUMULATIVE, AggregationTemporality.DELTA]) {
    it(`is exported as the SDK's would be, whatever is observed: ${AggregationTemporality[temporality]}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
          const both = twins(temporality);
          for (const one of [...steps, "collect" as const, "collect" as const]) {
            if (one === "collect") {
              const { ours, sdks } = await both.collect();
              expect(exported(ours)).toEqual(exported(sdks));
            } else if ("afterMs" in one) vi.setSystemTime(Date.now() + one.afterMs);
            else both.record(one.value, one.said);
          }
          await both.close();
        }),
        { numRuns: 400 },
      );
    });
  }

  it("tells what is beyond 2000 sets of labels as one, as the SDK's does", async () => {
    const both = twins(AggregationTemporality.CUMULATIVE);
    for (let set = 0; set < 2100; set += 1) both.record(1, [`m${set % 50}`, `${set}`, undefined]);
    both.record(1, ["m0", "0", undefined]);
    const { ours, sdks } = await both.collect();
    // Not the two beside each other: to show how 2000 differ takes a minute.
    expect(exported(ours).text === exported(sdks).text).toBe(true);
    await both.close();
  });

  it("keeps that bound over collections", async () => {
    const producer = createHistogramProducer({ scope, temporality: AggregationTemporality.CUMULATIVE });
    const histogram = producer.createHistogram(options);
    const points = async () => {
      const { resourceMetrics } = await producer.collect();
      return resourceMetrics.scopeMetrics.flatMap(({ metrics }) =>
        metrics.flatMap((one): readonly DataPoint<unknown>[] => one.dataPoints),
      );
    };
    for (let set = 0; set < 1990; set += 1) histogram.record(1, `${set}`);
    expect(await points()).toHaveLength(1990);
    for (let set = 1990; set < 2100; set += 1) histogram.record(1, `${set}`);
    const all = await points();
    expect(all).toHaveLength(2000);
    expect(all.at(-1)).toMatchObject({ attributes: { "otel.metric.overflow": true }, value: { count: 101 } });
  });

  it("leaves what was collected as it was", async () => {
    const both = twins(AggregationTemporality.CUMULATIVE);
    both.record(1, ["a", "b", "c"]);
    const { ours } = await both.collect();
    const before = exported(ours);
    both.record(2, ["a", "b", "c"]);
    expect(exported(ours)).toEqual(before);
    await both.close();
  });

  it("is told under the reader's name for it", async () => {
    const producer = createHistogramProducer({
      scope,
      temporality: AggregationTemporality.CUMULATIVE,
      nameOf: ({ name, unit }) => `${name}.${unit}`,
    });
    producer.createHistogram(options).record(1, "a");
    const { resourceMetrics } = await producer.collect();
    expect(exported(resourceMetrics).text).toContain("# TYPE call_duration_s histogram");
  });
});
