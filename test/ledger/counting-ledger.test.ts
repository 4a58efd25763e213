import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCountingLedger } from "../../src/ledger/counting-ledger.ts";
import { attemptRecord as attempt } from "../support/ledger-samples.ts";

const nothing = { input: 0, cachedInput: 0, output: 0, reasoning: 0, estimated: false };

describe("createCountingLedger()", () => {
  it("counts an attempt that failed, and what it cost", () => {
    const ledger = createCountingLedger();
    ledger.record(attempt());
    ledger.record(attempt({ outcome: "failed", failure: "stream-broken", costNanos: 7n }));
    ledger.record(
      attempt({ outcome: "failed", failure: "rate-limited", tokens: nothing, costNanos: undefined }),
    );
    expect(ledger.totals()).toEqual({
      attempts: 3,
      failed: 2,
      unpriced: 0,
      inputTokens: 20,
      outputTokens: 10,
      costNanos: 107n,
    });
  });

  it("says how many attempts have no price instead of counting them as free", () => {
    const ledger = createCountingLedger();
    ledger.record(attempt({ costNanos: undefined }));
    expect(ledger.totals()).toMatchObject({ attempts: 1, unpriced: 1, costNanos: 0n });
  });

  it("sums exactly, far beyond what a double holds", () => {
    fc.assert(
      fc.property(fc.array(fc.bigInt({ min: 0n, max: 10n ** 18n })), (costs) => {
        const ledger = createCountingLedger();
        for (const costNanos of costs) ledger.record(attempt({ costNanos }));
        expect(ledger.totals().costNanos).toBe(costs.reduce((sum, cost) => sum + cost, 0n));
      }),
    );
  });

  it("counts no attempt for a call that made none", () => {
    const ledger = createCountingLedger();
    ledger.record(attempt({ number: 0, outcome: "skipped", failure: "none-available", tokens: nothing }));
    expect(ledger.totals()).toMatchObject({ attempts: 0, failed: 0 });
  });

  it("has nothing to report", async () => {
    expect(await createCountingLedger().report({ from: 0, to: 1 })).toEqual({ kind: "off" });
  });

  it("does not change totals that were handed out", () => {
    const ledger = createCountingLedger();
    const before = ledger.totals();
    ledger.record(attempt());
    expect(before.attempts).toBe(0);
  });
});
