import { describe, expect, it } from "vitest";
import { reportOf } from "../../src/ledger/report.ts";
import type { ReportRow } from "../../src/ledger/report-rows.ts";
import type { Price } from "../../src/routing/catalog.ts";

function row(fields: Partial<ReportRow> & Pick<ReportRow, "subject">): ReportRow {
  return {
    requests: 0n,
    answered: 0n,
    rescued: 0n,
    cancelled: 0n,
    refused: 0n,
    failed: 0n,
    latencySumUs: 0n,
    latencyP95Us: undefined,
    attempts: 0n,
    attemptsSucceeded: 0n,
    attemptsFailed: 0n,
    attemptsUnpriced: 0n,
    attemptsEstimated: 0n,
    inputTokens: 0n,
    cachedInputTokens: 0n,
    outputTokens: 0n,
    costNanos: 0n,
    ...fields,
  };
}

function price(input: bigint, output: bigint, cached?: bigint): Price {
  return { inputNanosPerMTok: input, outputNanosPerMTok: output, cachedInputNanosPerMTok: cached };
}

describe("the arms of a report", () => {
  it("counts a rescued call as an error of its first choice, and as available", () => {
    const arms = [
      row({ subject: "stable", requests: 1000n, answered: 992n, failed: 8n, rescued: 20n }),
      row({ subject: "canary", requests: 10n, answered: 10n, rescued: 10n }),
    ];
    const { arms: parts } = reportOf({ arms, models: [] }, []);
    expect(parts[0]).toMatchObject({ errorRate: 0.028, availability: 0.992, failures: 8n });
    expect(parts[1]).toMatchObject({ errorRate: 1, availability: 1, failures: 0n });
  });

  it("leaves calls that were cancelled or refused out of both", () => {
    const arms = [
      row({ subject: "stable", requests: 10n, answered: 4n, cancelled: 3n, refused: 2n, failed: 1n }),
    ];
    expect(reportOf({ arms, models: [] }, []).arms[0]).toMatchObject({ errorRate: 0.2, availability: 0.8 });
  });

  it("knows no rate where nothing counts, and no latency where nothing was answered", () => {
    const arms = [row({ subject: "stable", requests: 2n, cancelled: 2n })];
    expect(reportOf({ arms, models: [] }, []).arms[0]).toMatchObject({
      errorRate: undefined,
      availability: undefined,
      latencyMeanMs: undefined,
      latencyP95Ms: undefined,
    });
  });

  it("takes every call for the stable arm's where there is no canary", () => {
    const { arms, change } = reportOf({ arms: [row({ subject: "none", requests: 5n })], models: [] }, []);
    expect(arms.map(({ arm }) => arm)).toEqual(["stable"]);
    expect(change).toBeUndefined();
  });

  it("tells calls that are not compared apart where others are", () => {
    const arms = ["canary", "none", "stable"].map((subject) => row({ subject, requests: 1n }));
    const report = reportOf({ arms, models: [] }, []);
    expect(report.arms.map(({ arm }) => arm)).toEqual(["stable", "canary", "none"]);
  });

  it("gives mean and percentile in milliseconds", () => {
    const arms = [row({ subject: "stable", answered: 4n, latencySumUs: 1_001n, latencyP95Us: 500n })];
    expect(reportOf({ arms, models: [] }, []).arms[0]).toMatchObject({
      latencyMeanMs: 0.250_25,
      latencyP95Ms: 0.5,
    });
  });
});

describe("the change between arms", () => {
  const stable = row({
    subject: "stable",
    requests: 1000n,
    answered: 992n,
    failed: 8n,
    rescued: 20n,
    latencySumUs: 992n * 420_000n,
    latencyP95Us: 890_000n,
    costNanos: 4_200_000n,
    inputTokens: 1000n,
    outputTokens: 0n,
  });
  const canary = row({
    subject: "canary",
    requests: 100n,
    answered: 100n,
    latencySumUs: 100n * 180_000n,
    latencyP95Us: 320_000n,
    costNanos: 68_000n,
    inputTokens: 101n,
    outputTokens: 7n,
  });

  it("is in percent of stable, money and tokens by request", () => {
    const { change } = reportOf({ arms: [stable, canary], models: [] }, []);
    expect(change?.latencyMean).toBeCloseTo(-57.142857, 5);
    expect(change?.latencyP95).toBeCloseTo(-64.044943, 5);
    expect(change?.errorRate).toBe(-100);
    expect(change?.availability).toBeCloseTo(0.806452, 5);
    expect(change?.costPerRequest).toBeCloseTo(-83.809524, 5);
    expect(change?.inputTokensPerRequest).toBeCloseTo(1, 5);
  });

  it("is unknown where stable has nothing to compare with", () => {
    expect(
      reportOf({ arms: [stable, canary], models: [] }, []).change?.outputTokensPerRequest,
    ).toBeUndefined();
  });

  it("compares no money where some of it has no price", () => {
    const unpriced = { ...canary, attemptsUnpriced: 1n };
    expect(reportOf({ arms: [stable, unpriced], models: [] }, []).change?.costPerRequest).toBeUndefined();
  });

  it("is not there while the canary had no call", () => {
    expect(reportOf({ arms: [stable], models: [] }, []).change).toBeUndefined();
  });
});

describe("the models of a report", () => {
  it("counts attempts in a model's error rate and calls in its availability, the busiest first", () => {
    const models = [
      row({ subject: "acme/b", requests: 1n }),
      row({ subject: "acme/a", requests: 1n }),
      row({
        subject: "acme/c",
        requests: 8n,
        answered: 6n,
        failed: 2n,
        attemptsSucceeded: 6n,
        attemptsFailed: 6n,
      }),
    ];
    const { models: parts } = reportOf({ arms: [], models }, []);
    expect(parts.map(({ model }) => model)).toEqual(["acme/c", "acme/a", "acme/b"]);
    expect(parts[0]).toMatchObject({ errorRate: 0.5, availability: 0.75, attemptFailures: 6n, failures: 2n });
  });
});

describe("what the same tokens would have cost", () => {
  const models = [
    row({ subject: "acme/a", inputTokens: 900n, cachedInputTokens: 400n, outputTokens: 10n, costNanos: 1n }),
    row({ subject: "gone/model", inputTokens: 100n, outputTokens: 90n }),
  ];

  it("is priced at the model for which it comes to most, all of it at once and to the nano-dollar", () => {
    // 600 and 400 cached in, 100 out: 600 × 3 + 400 × 1 + 100 × 20 = 4200 millionths of a price.
    const configured = [
      { id: "in", price: price(3_000_000n, 1_000_000n) },
      { id: "out", price: price(3_000_000n, 20_000_000n, 1_000_000n) },
      { id: "free", price: undefined },
    ];
    expect(reportOf({ arms: [], models }, configured).singleModel).toEqual({
      model: "out",
      nanos: 4_200n,
      estimated: false,
    });
  });

  it("is unknown where no model has a price, and estimated where tokens were counted by us", () => {
    const estimated = [...models, row({ subject: "x", attemptsEstimated: 1n })];
    expect(reportOf({ arms: [], models: estimated }, [{ id: "free", price: undefined }]).singleModel).toEqual(
      {
        model: undefined,
        nanos: 0n,
        estimated: true,
      },
    );
  });
});
