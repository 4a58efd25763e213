import { context, trace } from "@opentelemetry/api";
import { afterEach, describe, expect, it } from "vitest";
import {
  batchRecords,
  createBatchingLedger,
  flushMs,
  mostWaiting,
} from "../../src/ledger/batching-ledger.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { createLedgerEvents } from "../../src/ledger/ledger-events.ts";
import { createLedgerMetrics } from "../../src/telemetry/ledger-metrics.ts";
import { attemptRecord } from "../support/ledger-samples.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";
import { recordTelemetry, type RecordedTelemetry } from "../support/recorded-telemetry.ts";
import { createScriptedStore, type ScriptedStore } from "../support/scripted-store.ts";

interface World {
  readonly clock: ManualClock;
  readonly store: ScriptedStore;
  readonly ledger: Ledger;
  readonly telemetry: RecordedTelemetry;
  readonly record: (count: number) => void;
  /** What was logged, as level and message. */
  readonly told: () => readonly string[];
  readonly counted: (metric: string) => Promise<Readonly<Record<string, unknown>>>;
}

const telemetries: RecordedTelemetry[] = [];
afterEach(async () => {
  for (const telemetry of telemetries.splice(0)) await telemetry.close();
});

function world(): World {
  const clock = createManualClock();
  const store = createScriptedStore();
  const telemetry = recordTelemetry({ now: clock.now });
  telemetries.push(telemetry);
  const metrics = createLedgerMetrics(telemetry.source);
  const ledger = createBatchingLedger({
    store,
    setTimer: clock.setTimer,
    events: createLedgerEvents(telemetry.source.log, metrics, store.place),
    observe: metrics.observe,
  });
  let recorded = 0;
  return {
    clock,
    store,
    ledger,
    telemetry,
    record: (count) => {
      for (let made = 0; made < count; made++) {
        ledger.record(attemptRecord({ decisionId: `PROD_${(recorded += 1)}` }));
      }
    },
    told: () => telemetry.lines().map(({ level, msg }) => `${String(level)}: ${String(msg)}`),
    counted: async (metric) => {
      const points = await telemetry.points(metric);
      return Object.fromEntries(points.map(({ labels: { outcome = "" }, value }) => [outcome, value]));
    },
  };
}

describe("a ledger that writes batches", () => {
  it("writes what came within a quarter of a second at once, and nothing within the call", async () => {
    const { clock, store, record } = world();
    record(1);
    await clock.advance(flushMs - 1);
    record(2);
    expect(store.asked).toEqual([]);
    await clock.advance(1);
    expect(store.asked).toEqual([3]);
    expect(store.rows.map(([decisionId]) => decisionId)).toEqual(["PROD_1", "PROD_2", "PROD_3"]);
  });

  it("keeps no timer while there is nothing to write", async () => {
    const { clock, record } = world();
    expect(clock.pendingTimers()).toBe(0);
    record(1);
    await clock.advance(flushMs);
    expect(clock.pendingTimers()).toBe(0);
  });

  it("does not wait once a batch is full, and writes no more than that at a time", async () => {
    const { clock, store, record } = world();
    record(batchRecords * 2 + 1);
    expect(store.asked).toEqual([]);
    await clock.advance(0);
    expect(store.asked).toEqual([batchRecords, batchRecords]);
    await clock.advance(flushMs);
    expect(store.asked).toEqual([batchRecords, batchRecords, 1]);
  });

  it("has one write under way at a time, however slow the store is", async () => {
    const { clock, store, record } = world();
    store.behave("hang");
    record(1);
    await clock.advance(flushMs);
    record(3);
    await clock.advance(flushMs * 10);
    expect(store.asked).toEqual([1]);
    store.release();
    await clock.advance(flushMs);
    expect(store.asked).toEqual([1, 3]);
  });

  it("tries again after half a second, one, two and so on up to thirty, and loses nothing", async () => {
    const { clock, store, record, told } = world();
    store.behave({ code: "ECONNREFUSED" });
    record(2);
    await clock.advance(flushMs);
    const tries = [];
    for (let second = 0; second < 120; second += 0.5) {
      const before = store.asked.length;
      await clock.advance(500);
      if (store.asked.length > before) tries.push(second + 0.5);
    }
    expect(tries).toEqual([0.5, 1.5, 3.5, 7.5, 15.5, 31.5, 61.5, 91.5]);
    record(1);
    store.behave("well");
    await clock.advance(30_000);
    expect(store.rows).toHaveLength(3);
    expect(told()).toEqual([
      "warn: the ledger cannot be written, records wait: it cannot",
      "info: the ledger is written again",
    ]);
  });

  it("does not hurry a store that is away, however many come", async () => {
    const { clock, store, record } = world();
    store.behave({ code: "ECONNREFUSED" });
    record(1);
    await clock.advance(flushMs + 500);
    expect(store.asked).toHaveLength(2);
    for (let sent = 0; sent < batchRecords; sent++) record(1);
    await clock.advance(999);
    expect(store.asked).toHaveLength(2);
  });

  it("tells of another reason, and of none twice", async () => {
    const { clock, store, record, told } = world();
    store.behave({ code: "ECONNREFUSED" });
    record(1);
    await clock.advance(5_000);
    store.behave({ code: "28P01" });
    await clock.advance(60_000);
    expect(told()).toHaveLength(2);
  });

  it("tells of a store that does not answer, and does not ask it again meanwhile", async () => {
    const { clock, store, record, told } = world();
    store.behave("hang");
    record(1);
    await clock.advance(60_000);
    expect(store.asked).toEqual([1]);
    expect(told()).toEqual([
      "warn: the ledger cannot be written, records wait: the ledger's store has not answered for 5 s",
    ]);
    store.release();
    await clock.advance(0);
    expect(store.rows).toHaveLength(1);
    expect(told().at(-1)).toBe("info: the ledger is written again");
  });

  it("drops and counts what comes beyond its bound, and keeps what came first", async () => {
    const { clock, store, ledger, record, told, counted } = world();
    store.behave({ code: "ECONNREFUSED" });
    record(mostWaiting + 7);
    await clock.advance(1_000);
    expect(await counted("switchyard.ledger.waiting")).toEqual({ "": mostWaiting });
    expect(await counted("switchyard.ledger.records")).toEqual({ dropped: 7 });
    store.behave("well");
    await clock.advance(60_000);
    expect(store.rows).toHaveLength(mostWaiting);
    expect(store.rows.at(-1)?.[0]).toBe(`PROD_${mostWaiting}`);
    expect(await counted("switchyard.ledger.records")).toEqual({ dropped: 7, written: mostWaiting });
    expect(told()).toEqual([
      "warn: the ledger has no room for more records: from here on they are lost",
      "warn: the ledger cannot be written, records wait: it cannot",
      "info: the ledger is written again",
      "warn: the ledger lost records: it could not keep them all",
    ]);
    // What is lost to the store is in the sums of this process.
    expect(ledger.totals().attempts).toBe(mostWaiting + 7);
  });

  it("counts the times that the store failed", async () => {
    const { clock, store, record, counted } = world();
    store.behave({ code: "SQLITE_FULL" });
    record(1);
    await clock.advance(2_000);
    expect(await counted("switchyard.ledger.failures")).toEqual({ "": 3 });
  });

  it("reports what was recorded just now", async () => {
    const { store, ledger, record } = world();
    record(batchRecords + 1);
    expect(await ledger.report({ from: 0, to: 1 })).toEqual({
      kind: "report",
      rows: { arms: [], models: [] },
    });
    expect(store.rows).toHaveLength(batchRecords + 1);
  });

  it("has no report while the store is away, and says why", async () => {
    const { store, ledger, record } = world();
    store.behave({ code: "ECONNREFUSED" });
    record(1);
    expect(await ledger.report({ from: 0, to: 1 })).toEqual({ kind: "unavailable", why: "it cannot" });
  });

  it("writes everything when it is closed, then nothing any more", async () => {
    const { clock, store, ledger, record } = world();
    record(batchRecords * 3);
    await ledger.close();
    expect(store.rows).toHaveLength(batchRecords * 3);
    expect(store.isClosed()).toBe(true);
    record(1);
    await clock.advance(60_000);
    expect(store.rows).toHaveLength(batchRecords * 3);
    expect(clock.pendingTimers()).toBe(0);
    await ledger.close();
  });

  it("says how many it lost where it is closed while the store is away", async () => {
    const { store, ledger, record, telemetry, told } = world();
    store.behave({ code: "ECONNREFUSED" });
    record(5);
    await ledger.close();
    expect(told()).toEqual([
      "warn: the ledger cannot be written, records wait: it cannot",
      "warn: the ledger lost records: it could not keep them all",
    ]);
    expect(telemetry.lines().at(-1)).toMatchObject({ records: 5 });
  });

  it("does not wait for ever for a store that hangs when it is closed", async () => {
    const { store, ledger, record, telemetry } = world();
    store.behave("hang");
    record(5);
    await ledger.close();
    expect(store.isClosed()).toBe(true);
    expect(telemetry.lines().at(-1)).toMatchObject({ records: 5 });
  });

  it("does not log under the trace of the call that happened to start a batch", async () => {
    const { clock, store, ledger, telemetry } = world();
    store.behave({ code: "ECONNREFUSED" });
    const span = telemetry.source.tracer.startSpan("call");
    context.with(trace.setSpan(context.active(), span), () => ledger.record(attemptRecord()));
    await clock.advance(flushMs);
    span.end();
    expect(telemetry.lines()).toHaveLength(1);
    expect(telemetry.lines()[0]).not.toHaveProperty("trace_id");
  });
});
