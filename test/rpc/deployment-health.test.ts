import { create } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import {
  DeploymentHealthSchema,
  ListModelsResponseSchema,
  ModelAvailability,
  ServingStatus,
} from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { ErrorInfoSchema, ResourceInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { BreakerState, Tier } from "../../gen/switchyard/v1/routing_pb.ts";
import type { DeploymentSnapshot } from "../../src/attempt/fleet.ts";
import type { BreakerSnapshot } from "../../src/attempt/permit.ts";
import { deploymentHealth, servingStatus } from "../../src/rpc/deployment-health.ts";
import { modelsView } from "../../src/rpc/models-view.ts";
import type { RpcError } from "../../src/rpc/rpc-error.ts";
import { detailOf } from "../support/rpc-error-details.ts";
import { sampleCatalog, sampleModel } from "../support/routing-samples.ts";

const clock = { now: () => 10_000, wallClock: () => 1_700_000_000_000 };
const closed: BreakerSnapshot = { state: "closed", changedAt: 0, probeAt: undefined, failurePpm: 0 };
const open: BreakerSnapshot = { state: "open", changedAt: 8_000, probeAt: 15_000, failurePpm: 600_000 };
const price = { inputNanosPerMTok: 5n, cachedInputNanosPerMTok: undefined, outputNanosPerMTok: 7n };
const two = sampleModel("acme/a", ["one", "two"], {
  tiers: ["simple"],
  capabilities: new Set(["tools"]),
  contextWindowTokens: 99,
  price,
});
const one = sampleModel("other/b", ["one"]);
const nowhere = sampleModel("other/c", []);
const catalog = sampleCatalog([two, one, nowhere]);

function snapshot(id: string, fields: Partial<DeploymentSnapshot> = {}): DeploymentSnapshot {
  const breaker = fields.breaker ?? closed;
  const upstreamBreaker = fields.upstreamBreaker ?? closed;
  const states = [breaker.state, upstreamBreaker.state];
  const isOpen = states.includes("open");
  return {
    deployment: catalog.deployments.get(id)!,
    breaker,
    upstreamBreaker,
    inFlight: 3,
    limit: 256,
    heldUntil: undefined,
    readiness: {
      skip: isOpen ? "breaker-open" : undefined,
      readyAt: isOpen ? 15_000 : 0,
      breakerState: isOpen ? "open" : "closed",
      probing: false,
    },
    ...fields,
  };
}

describe("the health of a deployment", () => {
  it("is its breaker's, in the wall clock's time", () => {
    const health = create(
      DeploymentHealthSchema,
      deploymentHealth(snapshot("other/b@one", { breaker: open }), clock),
    );
    expect(health).toMatchObject({
      deployment: "other/b@one",
      breakerState: BreakerState.OPEN,
      inFlight: 3,
      failurePpm: 600_000,
    });
    expect(timestampMs(health.breakerChangeTime!)).toBe(1_699_999_998_000);
    expect(timestampMs(health.nextProbeTime!)).toBe(1_700_000_005_000);
  });

  it("is its upstream's where that one is worse off, with the later probe", () => {
    const upstreamBreaker = { ...open, probeAt: 20_000 };
    for (const breaker of [closed, open]) {
      const health = create(
        DeploymentHealthSchema,
        deploymentHealth(snapshot("other/b@one", { breaker, upstreamBreaker }), clock),
      );
      expect(health.breakerState).toBe(BreakerState.OPEN);
      expect(timestampMs(health.nextProbeTime!)).toBe(1_700_000_010_000);
    }
  });

  it("has no times where nothing ever changed", () => {
    const health = deploymentHealth(snapshot("other/b@one"), clock);
    expect(health.breakerChangeTime).toBeUndefined();
    expect(health.nextProbeTime).toBeUndefined();
  });
});

describe("the status of the gateway", () => {
  const all = [snapshot("acme/a@one"), snapshot("acme/a@two"), snapshot("other/b@one")];
  const served = [two, one];
  const oneOpen = [snapshot("acme/a@one", { breaker: open }), ...all.slice(1)];
  const modelOpen = [...all.slice(0, 2), snapshot("other/b@one", { breaker: open })];
  const cases = [
    { name: "serves", models: served, snapshots: all, expected: ServingStatus.SERVING },
    {
      name: "serves while every model has a deployment that can answer",
      models: served,
      snapshots: oneOpen,
      expected: ServingStatus.SERVING,
    },
    {
      name: "is degraded once a model has none",
      models: served,
      snapshots: modelOpen,
      expected: ServingStatus.DEGRADED,
    },
    {
      name: "is degraded where a model is served nowhere",
      models: [two, one, nowhere],
      snapshots: all,
      expected: ServingStatus.DEGRADED,
    },
  ];
  for (const { name, models, snapshots, expected } of cases) {
    it(name, () => {
      expect(servingStatus("serving", models, snapshots)).toBe(expected);
    });
  }

  it("drains from the moment it says so", () => {
    expect(servingStatus("leaving", served, all)).toBe(ServingStatus.DRAINING);
    expect(servingStatus("refusing", served, all)).toBe(ServingStatus.DRAINING);
    expect(servingStatus("starting", served, all)).toBe(ServingStatus.UNSPECIFIED);
  });
});

describe("the list of models", () => {
  const snapshots = [
    snapshot("acme/a@one", { breaker: open }),
    snapshot("acme/a@two"),
    snapshot("other/b@one", { breaker: open }),
  ];
  const view = (provider: string, simulated = false) =>
    create(ListModelsResponseSchema, {
      models: modelsView(catalog, provider, snapshots, { clock, simulated }),
    }).models;

  it("says of each what it can do, what it costs and how its deployments stand", () => {
    const [first, second, third] = view("");
    expect(first).toMatchObject({
      id: "acme/a",
      provider: "acme",
      contextWindowTokens: 99,
      capabilities: ["tools"],
      tiers: [Tier.SIMPLE],
      // Cached input costs the input price where no other is known.
      pricing: {
        inputNanosUsdPerMillion: 5n,
        cachedInputNanosUsdPerMillion: 5n,
        outputNanosUsdPerMillion: 7n,
      },
      availability: ModelAvailability.DEGRADED,
      simulated: false,
    });
    expect(first?.deployments.map(({ deployment }) => deployment)).toEqual(["acme/a@one", "acme/a@two"]);
    expect(second?.pricing).toBeUndefined();
    expect(second?.availability).toBe(ModelAvailability.UNAVAILABLE);
    expect(third).toMatchObject({ availability: ModelAvailability.UNAVAILABLE, deployments: [] });
  });

  it("holds one provider's models alone where that is asked", () => {
    expect(view("other").map(({ id }) => id)).toEqual(["other/b", "other/c"]);
  });

  it("says which answers are made up", () => {
    expect(view("", true).map(({ simulated }) => simulated)).toEqual([true, true, false]);
  });

  it("knows no other provider, and names those that there are", () => {
    let error: RpcError | undefined;
    try {
      view("acne");
    } catch (cause) {
      error = cause as RpcError;
    }
    expect(error?.code).toBe("NOT_FOUND");
    expect(error?.message).toBe('there is no provider "acne"; there are acme, other');
    expect(detailOf(error!, ErrorInfoSchema)).toMatchObject({
      reason: "MODEL_NOT_FOUND",
      metadata: { suggestions: "acme" },
    });
    expect(detailOf(error!, ResourceInfoSchema)?.description).toContain("acme, other");
  });
});
