import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { describe, expect, it } from "vitest";
import { createTally } from "../../src/telemetry/tally.ts";

function tallied(temporality: AggregationTemporality) {
  const reader = new PeriodicExportingMetricReader({
    exporter: new InMemoryMetricExporter(temporality),
    exportIntervalMillis: 3_600_000,
    exportTimeoutMillis: 1000,
  });
  const meter = new MeterProvider({ readers: [reader] }).getMeter("test");
  const tally = createTally(meter.createObservableCounter("calls"), ["tier", "model", "error.type"]);
  const points = async () => {
    const { resourceMetrics } = await reader.collect();
    const data = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
    return data.flatMap(({ dataPoints }) =>
      dataPoints.map(({ attributes, value }) => ({ attributes, value })),
    );
  };
  return { tally, points };
}

describe("a tally", () => {
  it("adds up by labels and leaves out a label without a value", async () => {
    const { tally, points } = tallied(AggregationTemporality.CUMULATIVE);
    expect(await points()).toEqual([]);
    tally.add(1, "simple", "a/b");
    tally.add(2, "simple", "a/b", "timeout");
    tally.add(0.5, "simple", "a/b", undefined);
    tally.add(1, "advanced", "a/b");
    tally.add(1, undefined, "a/b");
    expect(await points()).toEqual([
      { attributes: { tier: "simple", model: "a/b" }, value: 1.5 },
      { attributes: { tier: "simple", model: "a/b", "error.type": "timeout" }, value: 2 },
      { attributes: { tier: "advanced", model: "a/b" }, value: 1 },
      { attributes: { model: "a/b" }, value: 1 },
    ]);
  });

  it("tells a reader that wants differences what came since it last asked", async () => {
    const { tally, points } = tallied(AggregationTemporality.DELTA);
    tally.add(3, "simple", "a/b");
    expect(await points()).toMatchObject([{ value: 3 }]);
    tally.add(1, "simple", "a/b");
    expect(await points()).toMatchObject([{ value: 1 }]);
  });

  it("tells what is beyond 2000 sets of labels as one", async () => {
    const { tally, points } = tallied(AggregationTemporality.CUMULATIVE);
    for (let set = 0; set < 2100; set += 1) tally.add(1, "simple", `${set}`);
    for (let collection = 0; collection < 2; collection += 1) {
      const all = await points();
      expect(all).toHaveLength(2000);
      expect(all.at(-1)).toEqual({ attributes: { "otel.metric.overflow": true }, value: 101 });
    }
  });
});
