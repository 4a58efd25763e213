import * as fc from "fast-check";
import { expect, it } from "vitest";
import { attemptRow } from "../../src/ledger/attempt-row.ts";
import type { AttemptRecord } from "../../src/ledger/ledger.ts";
import type { ReportRow } from "../../src/ledger/report-rows.ts";
import type { LedgerStore, StoreResult } from "../../src/ledger/store.ts";
import { attemptRecord } from "./ledger-samples.ts";
import { recomputedRows } from "./recomputed-report.ts";
import { syntheticAttempts } from "./synthetic-ledger.ts";

/** From the beginning to the end of time. */
export const always = { from: 0, to: 8_640_000_000_000_000 };

/** What a store answered; fails the test where it did not do it. */
export function done<T>(result: StoreResult<T>): T {
  if (result.kind === "failed") throw new Error(`${result.problem.code}: ${result.problem.message}`);
  return result.value;
}

/** Writes records as the ledger does. */
export async function append(
  store: LedgerStore,
  records: readonly AttemptRecord[],
  atOnce = 5_000,
): Promise<void> {
  for (let start = 0; start < records.length; start += atOnce) {
    done(await store.append(records.slice(start, start + atOnce).map(attemptRow)));
  }
}

/** How many attempts there are. */
export async function countOf(store: LedgerStore): Promise<number> {
  const { models } = done(await store.report(always));
  return models.reduce((sum, { attempts }) => sum + Number(attempts), 0);
}

/** What every store does alike. @param open one that is empty */
export function holdsStoreContract(open: () => Promise<LedgerStore>): void {
  const with1 = async (records: readonly AttemptRecord[]): Promise<{ arm: ReportRow; model: ReportRow }> => {
    const store = await open();
    await append(store, records);
    const { arms, models } = done(await store.report(always));
    expect([arms.length, models.length]).toEqual([1, 1]);
    return { arm: arms[0]!, model: models[0]! };
  };

  const withLatencies = (latencies: readonly number[]) =>
    with1(latencies.map((latencyMs, index) => attemptRecord({ decisionId: `PROD_${index}`, latencyMs })));

  it("reports nothing where there is nothing", async () => {
    const store = await open();
    expect(done(await store.report(always))).toEqual({ arms: [], models: [] });
  });

  it("sums what callers spent under their labels, within the window and as far as it was priced", async () => {
    const store = await open();
    const spent = (
      caller: string,
      team: string,
      calledAt: number,
      costNanos: bigint | undefined,
      number = 1,
    ) =>
      attemptRecord({
        caller,
        labels: { team },
        calledAt,
        costNanos,
        number,
        decisionId: `PROD_${caller}${team}${calledAt}`,
      });
    await append(store, [
      spent("a", "x", 1_000, 5n),
      spent("a", "x", 2_000, 9_000_000_000_000_000n),
      spent("a", "x", 2_000, 1n, 2),
      spent("a", "y", 2_000, 7n),
      spent("b", "x", 2_000, undefined),
      spent("a", "x", 3_000, 100n),
    ]);
    const sums = done(await store.spending({ from: 1_000, to: 3_000 }));
    expect(sums.toSorted((one, other) => (one.labels["team"]! < other.labels["team"]! ? -1 : 1))).toEqual([
      { caller: "a", labels: { team: "x" }, costNanos: 9_000_000_000_000_006n },
      { caller: "a", labels: { team: "y" }, costNanos: 7n },
    ]);
  });

  it("keeps an attempt once, however often it is written", async () => {
    const store = await open();
    const records = [attemptRecord({ number: 1 }), attemptRecord({ number: 2 })];
    await append(store, records);
    await append(store, [...records, attemptRecord({ number: 3 })]);
    expect(await countOf(store)).toBe(3);
  });

  it("takes several attempts for one request, which its success decides, whenever the others end", async () => {
    const failed = { outcome: "failed", failure: "timeout" } as const;
    const { arm } = await with1([
      attemptRecord({ ...failed, number: 1, startedAt: 1000, latencyMs: 100 }),
      attemptRecord({ number: 2, rescue: true, startedAt: 1200, latencyMs: 50 }),
      attemptRecord({
        number: 3,
        outcome: "hedge-lost",
        failure: "cancelled",
        startedAt: 1210,
        latencyMs: 500,
      }),
    ]);
    expect(arm).toMatchObject({
      requests: 1n,
      answered: 1n,
      rescued: 1n,
      failed: 0n,
      latencySumUs: 250_000n,
    });
    expect(arm).toMatchObject({ attempts: 3n, attemptsSucceeded: 1n, attemptsFailed: 1n });
  });

  const ends: readonly {
    name: string;
    end: Partial<AttemptRecord>;
    expected: Partial<ReportRow>;
  }[] = [
    {
      name: "counts a request as failed where its last attempt failed",
      end: { outcome: "failed", failure: "overloaded" },
      expected: { failed: 1n, attemptsFailed: 1n },
    },
    {
      name: "counts a request that the gateway's own end broke off as failed",
      end: { outcome: "cancelled", failure: "draining" },
      expected: { failed: 1n },
    },
    {
      name: "counts a request whose deadline was spent as failed",
      end: { outcome: "failed", failure: "deadline-exceeded" },
      expected: { failed: 1n },
    },
    {
      name: "does not count a request that its caller cancelled as failed",
      end: { outcome: "cancelled", failure: "cancelled" },
      expected: { failed: 0n, cancelled: 1n, attemptsFailed: 0n },
    },
    {
      name: "does not count a request that was refused for what it asked as failed",
      end: { outcome: "failed", failure: "invalid-request" },
      expected: { failed: 0n, refused: 1n, attemptsFailed: 0n },
    },
    {
      name: "counts a request without any attempt as failed, and no attempt for it",
      end: { number: 0, outcome: "skipped", failure: "none-available" },
      expected: { failed: 1n, attempts: 0n, attemptsFailed: 0n },
    },
  ];
  for (const { name, end, expected } of ends) {
    it(name, async () => {
      expect((await with1([attemptRecord({ ...end })])).arm).toMatchObject({
        requests: 1n,
        answered: 0n,
        latencyP95Us: undefined,
        ...expected,
      });
    });
  }

  it("does not take a request for rescued that moved on because it was refused alone", async () => {
    const { arm } = await with1([
      attemptRecord({ number: 1, outcome: "failed", failure: "context-too-long" }),
      attemptRecord({ number: 2, rescue: true }),
    ]);
    expect(arm).toMatchObject({ answered: 1n, rescued: 0n });
  });

  it("takes the latency that 95 of 100 requests do not exceed, never one in between", async () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    expect((await withLatencies(hundred)).arm.latencyP95Us).toBe(95_000n);
    expect((await withLatencies([7])).arm.latencyP95Us).toBe(7_000n);
    expect((await withLatencies([1, 1000])).arm.latencyP95Us).toBe(1_000_000n);
  });

  it("reports calls by when they came in, with all their attempts", async () => {
    const store = await open();
    const call = { decisionId: "PROD_1", calledAt: 1_000 };
    const failed = { outcome: "failed", failure: "timeout" } as const;
    await append(store, [
      attemptRecord({ ...call, ...failed, number: 1, time: 1_900, startedAt: 1_000 }),
      attemptRecord({ ...call, number: 2, time: 2_100, startedAt: 2_000 }),
    ]);
    const requests = async (from: number, to: number) =>
      done(await store.report({ from, to })).arms.map(({ answered, attempts }) => [answered, attempts]);
    expect(await requests(1_000, 1_001)).toEqual([[1n, 2n]]);
    expect(await requests(1_001, 9_999)).toEqual([]);
    expect(await requests(0, 1_000)).toEqual([]);
  });

  it("deletes what is older than an instant, oldest first, no more than asked", async () => {
    const store = await open();
    await append(
      store,
      [5, 3, 1, 2, 4].map((calledAt) => attemptRecord({ decisionId: `PROD_${calledAt}`, calledAt })),
    );
    const left = async () => Number(done(await store.report({ from: 0, to: 3 })).models[0]?.attempts ?? 0n);
    expect(done(await store.prune(4, 1))).toBe(1);
    expect(await left()).toBe(1);
    expect(done(await store.prune(4, 10))).toBe(2);
    expect(done(await store.prune(4, 10))).toBe(0);
    expect(await countOf(store)).toBe(2);
  });

  it("takes any record that a call could ever leave", async () => {
    const store = await open();
    const anyText = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("\0", "\ud800", "'", '"\\'));
    const anyNumber = fc.oneof(fc.double(), fc.maxSafeInteger());
    const number = { min: 1, max: 1_000_000 };
    const written: AttemptRecord[] = [];
    const record = fc.record({
      decisionId: fc.uuid(),
      number: fc.integer(number),
      calledAt: anyNumber,
      // Pruning up to the largest instant, below, leaves what stands at it.
      time: anyNumber.filter((ms) => ms !== Number.MAX_SAFE_INTEGER),
      traceId: anyText,
      caller: anyText,
      labels: fc.dictionary(anyText, anyText),
      model: anyText,
      deployment: anyText,
      keyId: anyText,
      tokens: fc.record({
        input: anyNumber,
        cachedInput: anyNumber,
        output: anyNumber,
        reasoning: anyNumber,
        estimated: fc.boolean(),
      }),
      costNanos: fc.option(fc.bigInt({ min: 0n, max: 2n ** 80n }), { nil: undefined }),
      startedAt: anyNumber,
      latencyMs: anyNumber,
      firstTokenMs: fc.option(anyNumber, { nil: undefined }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 20 }), async (fields) => {
        const records = fields.map((each) => attemptRecord(each));
        written.push(...records);
        done(await store.append(records.map(attemptRow)));
      }),
      { numRuns: 50 },
    );
    const kept = new Set(written.map(({ decisionId, number }) => `${decisionId} ${number}`));
    expect(done(await store.prune(Number.MAX_SAFE_INTEGER, 1_000_000))).toBe(kept.size);
  });

  it("says of 100 000 attempts what they come to one by one, to the nano-dollar", async () => {
    const store = await open();
    const from = 1_795_000_000_000;
    const records = syntheticAttempts(100_000, 20261125, from);
    await append(store, records);
    const middle = from + 100_000;
    for (const window of [always, { from: middle, to: always.to }, { from: middle, to: middle + 200_000 }]) {
      const expected = recomputedRows(records, window);
      expect(expected.models).toHaveLength(4);
      expect(expected.arms.map(({ subject }) => subject)).toEqual(["canary", "none", "stable"]);
      expect(done(await store.report(window))).toEqual(expected);
    }
  }, 120_000);
}
