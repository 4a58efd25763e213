import type { MessageInitShape } from "@bufbuild/protobuf";
import { fromJsonString } from "@bufbuild/protobuf";
import { durationFromMs, timestampMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import {
  type GetReportRequest,
  GetReportResponseSchema,
} from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import { CanaryArm } from "../../gen/switchyard/v1/routing_pb.ts";
import { runCommand } from "../support/command-run.ts";
import { startScriptedGateway } from "../support/scripted-gateway.ts";

// The migration that the report is made for.
const migration: MessageInitShape<typeof GetReportResponseSchema> = {
  arms: [
    {
      arm: CanaryArm.STABLE,
      requests: 1000n,
      failures: 8n,
      rescued: 20n,
      cancelled: 2n,
      refused: 3n,
      latencyMean: durationFromMs(420),
      latencyP95: durationFromMs(890),
      errorRate: 0.028,
      availability: 0.992,
      inputTokens: 2_000n,
      outputTokens: 1_000n,
      cost: { nanosUsd: 4_200_000_000_000n },
    },
    {
      arm: CanaryArm.CANARY,
      requests: 1000n,
      latencyMean: durationFromMs(180),
      latencyP95: durationFromMs(320),
      errorRate: 0.0012,
      availability: 0.9997,
      inputTokens: 2_000n,
      outputTokens: 1_010n,
      cost: { nanosUsd: 680_000_000_000n },
    },
  ],
  models: [{ model: "acme/a", requests: 1990n, attempts: 2010n, errorRate: 0.01, availability: 1 }],
  change: {
    latencyMean: -57.142857,
    latencyP95: -64.04,
    errorRate: -95.71,
    availability: 0.776,
    costPerRequest: -83.81,
    outputTokensPerRequest: 1,
  },
  singleModel: "acme/dear",
  singleModelCost: { nanosUsd: 9_760_000_000_000n },
};

describe("switchyard status --report", () => {
  it("shows the arms, the change between them, the models, and what one model would have cost", async () => {
    await using gateway = await startScriptedGateway({ operator: { getReport: () => migration } });
    const { code, stdout } = await runCommand(["status", "--report", "--address", gateway.address]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/stable +1000 +420 ms +890 ms +2\.80 % +99\.20 % +20 .*\$4200\.00 +\$4\.20/);
    expect(stdout).toMatch(/canary +1000 +180 ms +320 ms +0\.12 % +99\.97 % +0 .*\$680\.00 +\$0\.68/);
    expect(stdout).toMatch(/change +-57\.1 % +-64\.0 % +-95\.7 % +\+0\.8 % .*-83\.8 %/);
    expect(stdout).toMatch(/acme\/a +1990 +2010 +- +- +1\.00 % +100\.00 %/);
    expect(stdout).toContain("not counted as errors: 2 cancelled by their callers, 3 refused");
    expect(stdout).toContain(
      "cost $4880.00; the same tokens on acme/dear, the dearest model: $9760.00 (paid $4880.00 less, 50.0 %)",
    );
  });

  it("says what has no price instead of counting it as free", async () => {
    const cost = { nanosUsd: 1_000_000_000n };
    const arms = [
      { arm: CanaryArm.STABLE, requests: 3n, cost, unpricedAttempts: 2n },
      { arm: CanaryArm.UNSPECIFIED, requests: 1n, cost: { unpriced: true }, unpricedAttempts: 1n },
    ];
    await using gateway = await startScriptedGateway({ operator: { getReport: () => ({ arms }) } });
    const { stdout } = await runCommand(["status", "--report", "--address", gateway.address]);
    expect(stdout).toMatch(/stable .*\$1\.00\+/);
    expect(stdout).toMatch(/not compared .*unpriced +-/);
    expect(stdout).toContain("3 attempts are in no cost");
    expect(stdout).toContain("no configured model has a price");
    expect(stdout).not.toContain("change");
  });

  it("says that there were no calls", async () => {
    await using gateway = await startScriptedGateway({ operator: { getReport: () => ({}) } });
    const { stdout } = await runCommand(["status", "--report", "--address", gateway.address]);
    expect(stdout).toContain("no calls");
  });

  it("asks for 30 days, or for as many as it is told, and prints the contract's JSON", async () => {
    const asked: GetReportRequest[] = [];
    await using gateway = await startScriptedGateway({
      operator: {
        getReport: (request) => {
          asked.push(request);
          return migration;
        },
      },
    });
    const day = 86_400_000;
    const before = Date.now();
    const printed = await runCommand(["status", "--report", "--json", "--address", gateway.address]);
    expect(fromJsonString(GetReportResponseSchema, printed.stdout).arms).toHaveLength(2);
    await runCommand(["status", "--days", "7", "--address", gateway.address]);
    const daysBack = asked.map(({ startTime }) => Math.round((before - timestampMs(startTime!)) / day));
    expect(daysBack).toEqual([30, 7]);
  });

  for (const days of ["0", "-1", "x", "40000"]) {
    it(`refuses ${days} days`, async () => {
      expect((await runCommand(["status", "--report", `--days=${days}`])).code).toBe(2);
    });
  }

  it("fails with the gateway's reason where no ledger is kept", async () => {
    await using gateway = await startScriptedGateway({
      operator: {
        getReport: () => {
          throw new ConnectError("no ledger is kept", Code.FailedPrecondition);
        },
      },
    });
    const { code, stderr } = await runCommand(["status", "--report", "--address", gateway.address]);
    expect(code).toBe(1);
    expect(stderr).toContain("no ledger is kept");
  });
});
