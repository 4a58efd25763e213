import type { Message, MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CanaryStatusSchema } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import { ServingStatus } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { CanaryArm } from "../../gen/switchyard/v1/routing_pb.ts";
import { type CommandRun, runCommand } from "../support/command-run.ts";
import { anyKey } from "../support/parsed-config.ts";
import { type GatewayScript, startScriptedGateway } from "../support/scripted-gateway.ts";

type Canary = Exclude<MessageInitShape<typeof CanaryStatusSchema>, Message>;

const arms: Canary = {
  stable: { arm: CanaryArm.STABLE, requests: 950n, errorRate: 0.02, availability: 1 },
  canary: {
    arm: CanaryArm.CANARY,
    requests: 50n,
    rescued: 10n,
    errorRate: 0.2,
    availability: 1,
    latencyMean: durationFromMs(180),
  },
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "switchyard-status-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** `switchyard status`, with a config that has this canary, at a gateway that serves and answers this. */
async function status(
  operator: NonNullable<GatewayScript["operator"]>,
  { canary = "canary: { stable: legacy, canary: holysheep, weightPercent: 5 }", words = [] as string[] } = {},
): Promise<CommandRun> {
  await using gateway = await startScriptedGateway({
    gateway: { health: () => ({ status: ServingStatus.SERVING, version: "9.9.9" }) },
  });
  await using forOperators = await startScriptedGateway({ operator });
  const file = join(folder, "switchyard.yaml");
  await writeFile(file, `${canary}\n`);
  const env = {
    SWITCHYARD_CONFIG: file,
    HOLYSHEEP_API_KEY: anyKey,
    OPENAI_API_KEY: `${anyKey}-2`,
    SWITCHYARD_LISTEN_CONNECT: gateway.address,
    SWITCHYARD_LISTEN_OPERATOR: forOperators.address,
    SWITCHYARD_LISTEN_GRPC: "off",
  };
  // The gateways live until it has ended.
  return await runCommand(["status", ...words], { env });
}

const shows = (canary: Canary) => ({ getCanary: () => ({ canary: { ...arms, enabled: true, ...canary } }) });

describe("switchyard status", () => {
  it("shows the canary's share and what both arms have shown", async () => {
    const { code, stdout } = await status(shows({ weightBasisPoints: 250 }));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^canary {2}2\.5 % of the calls$/m);
    expect(stdout).toMatch(/^stable +950 /m);
    expect(stdout).toMatch(/^canary +50 +180 ms /m);
  });

  it("shows that it was rolled back, when and why", async () => {
    const { stdout } = await status(
      shows({
        rolledBack: true,
        rollbackReason: "it fails",
        rollbackTime: timestampFromMs(1_700_000_000_000),
      }),
    );
    expect(stdout).toMatch(/^canary {2}rolled back at 2023-11-14T22:13:20\.000Z: it fails$/m);
  });

  it("shows an alarm that is not acted on", async () => {
    const { stdout } = await status(shows({ weightBasisPoints: 500, rollbackReason: "it fails" }));
    expect(stdout).toMatch(/^canary {2}5 % of the calls; it would have been rolled back: it fails$/m);
  });

  it("has it in its JSON", async () => {
    const { stdout } = await status(shows({ weightBasisPoints: 500 }), { words: ["--json"] });
    expect(JSON.parse(stdout)).toMatchObject({
      status: "SERVING_STATUS_SERVING",
      canary: { enabled: true, weightBasisPoints: 500, canary: { requests: "50" } },
    });
  });

  it("asks nobody where the config has none", async () => {
    let asked = 0;
    const getCanary = () => ({ canary: { enabled: ++asked > 0 } });
    const { code, stdout } = await status({ getCanary }, { canary: "# none" });
    expect([code, asked]).toEqual([0, 0]);
    expect(stdout).not.toContain("canary");
  });

  it("still shows the rest, and what went wrong, where operators are not let in", async () => {
    const getCanary = () => {
      throw new ConnectError("no", Code.Unauthenticated);
    };
    const { code, stdout, stderr } = await status({ getCanary });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^status +serving$/m);
    expect(stderr).not.toBe("");
  });
});
