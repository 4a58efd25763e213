import type { MessageInitShape } from "@bufbuild/protobuf";
import { fromJsonString } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import type {
  ExplainRouteRequest,
  ExplainRouteResponseSchema,
} from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import type {
  HealthResponseSchema,
  ListModelsResponseSchema,
} from "../../gen/switchyard/v1/gateway_service_pb.ts";
import {
  ListModelsResponseSchema as ListModelsResponse,
  ModelAvailability,
  ServingStatus,
} from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { BreakerState, SkipReason, Tier } from "../../gen/switchyard/v1/routing_pb.ts";
import { runCommand } from "../support/command-run.ts";
import { startScriptedGateway } from "../support/scripted-gateway.ts";

const models: MessageInitShape<typeof ListModelsResponseSchema> = {
  models: [
    {
      id: "deepseek/deepseek-chat-v3-2",
      provider: "deepseek",
      tiers: [Tier.SIMPLE, Tier.STANDARD],
      pricing: { inputNanosUsdPerMillion: 420_000_000n, outputNanosUsdPerMillion: 1_900_000_000n },
      availability: ModelAvailability.AVAILABLE,
      deployments: [
        { deployment: "deepseek/deepseek-chat-v3-2@holysheep", breakerState: BreakerState.CLOSED },
      ],
    },
    {
      id: "openai/gpt-4o",
      provider: "openai",
      availability: ModelAvailability.DEGRADED,
      deployments: [
        {
          deployment: "openai/gpt-4o@holysheep",
          breakerState: BreakerState.OPEN,
          nextProbeTime: timestampFromMs(Date.now() + 3_600_000),
        },
        { deployment: "openai/gpt-4o@legacy", breakerState: BreakerState.HALF_OPEN },
      ],
    },
  ],
};

function health(status: ServingStatus): MessageInitShape<typeof HealthResponseSchema> {
  const deployment = {
    deployment: "a/b@c",
    breakerState: BreakerState.CLOSED,
    inFlight: 3,
    failurePpm: 125_000,
  };
  return { status, version: "9.9.9", configRevision: "0123456789ab", deployments: [deployment] };
}

describe("switchyard models", () => {
  it("lists models by provider with price, tiers, availability and breakers", async () => {
    await using gateway = await startScriptedGateway({ gateway: { listModels: () => models } });
    const { code, stdout } = await runCommand(["models", "--address", gateway.address]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^deepseek$/m);
    expect(stdout).toMatch(
      /deepseek-chat-v3-2 +\$0\.42 +\$1\.90 +simple, standard +available +holysheep: closed/,
    );
    expect(stdout).toMatch(/^openai$/m);
    expect(stdout).toMatch(
      /gpt-4o +unpriced +unpriced +- +degraded +holysheep: open, probe in 60 min; legacy: half open/,
    );
    expect(stdout).not.toContain("simulat");
  });

  it("says that answers are simulated", async () => {
    const simulated = { models: [{ id: "a/b", provider: "a", simulated: true }] };
    await using gateway = await startScriptedGateway({ gateway: { listModels: () => simulated } });
    const { stdout } = await runCommand(["models", "--address", gateway.address]);
    expect(stdout).toContain("simulated: answers come from the built-in simulator");
  });

  it("asks for one provider and prints the contract's JSON", async () => {
    const asked: string[] = [];
    await using gateway = await startScriptedGateway({
      gateway: {
        listModels: ({ provider }) => {
          asked.push(provider);
          return models;
        },
      },
    });
    const words = ["models", "--json", "--provider", "openai", "--address", gateway.address];
    const { stdout } = await runCommand(words);
    expect(asked).toEqual(["openai"]);
    expect(fromJsonString(ListModelsResponse, stdout).models).toHaveLength(2);
  });
});

describe("switchyard status", () => {
  it("shows health and breakers", async () => {
    const serving = health(ServingStatus.DEGRADED);
    await using gateway = await startScriptedGateway({ gateway: { health: () => serving } });
    const { code, stdout } = await runCommand(["status", "--address", gateway.address]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/status +degraded/);
    expect(stdout).toMatch(/a\/b@c +closed +3 +12\.5 %/);
  });

  it("fails for a gateway that is stopping", async () => {
    const draining = health(ServingStatus.DRAINING);
    await using gateway = await startScriptedGateway({ gateway: { health: () => draining } });
    expect((await runCommand(["status", "--address", gateway.address])).code).toBe(1);
  });
});

describe("switchyard explain", () => {
  const plan: MessageInitShape<typeof ExplainRouteResponseSchema> = {
    configRevision: "0123456789ab",
    candidates: [
      {
        deployment: "a/b@c",
        skipReason: SkipReason.BREAKER_OPEN,
        breakerState: BreakerState.OPEN,
        readyTime: timestampFromMs(Date.now() + 3_600_000),
      },
      { deployment: "d/e@f", breakerState: BreakerState.CLOSED, estimatedCost: { nanosUsd: 5000n } },
      { deployment: "g/h@i", breakerState: BreakerState.CLOSED, estimatedCost: { unpriced: true } },
    ],
  };

  it("shows the plan in order, and what is skipped and why", async () => {
    const seen: ExplainRouteRequest[] = [];
    await using gateway = await startScriptedGateway({
      operator: {
        explainRoute: (request) => {
          seen.push(request);
          return plan;
        },
      },
    });
    const words = ["explain", "--model", "a/b", "--tokens", "77", "--address", gateway.address];
    const { code, stdout } = await runCommand(words);
    expect(code).toBe(0);
    expect(stdout).toMatch(/- +a\/b@c +open +- +skipped: breaker open, may serve again in 60 min/);
    expect(stdout).toMatch(/1 +d\/e@f +closed +\$0\.000005 +would be tried/);
    expect(stdout).toMatch(/2 +g\/h@i +closed +unpriced.*would be tried/);
    expect(seen[0]?.estimatedInputTokens).toBe(77);
    expect(seen[0]?.target?.target).toEqual({ case: "model", value: "a/b" });
    expect(seen[0]?.input).toBeUndefined();
  });

  it("sends the operator's token that the config names", async () => {
    const tokens: (string | null)[] = [];
    await using gateway = await startScriptedGateway({
      operator: {
        explainRoute: (_request, { requestHeader }) => {
          tokens.push(requestHeader.get("authorization"));
          throw new ConnectError("no", Code.Unauthenticated);
        },
      },
    });
    const env = { OPERATOR_TOKEN: "operator-token-0123456789", SWITCHYARD_CONFIG: "tokened.yaml" };
    const cwd = import.meta.dirname;
    const words = ["explain", "--address", gateway.address];
    const { code } = await runCommand(words, { env, cwd });
    expect(code).toBe(1);
    expect(tokens).toEqual(["Bearer operator-token-0123456789"]);
  });
});
