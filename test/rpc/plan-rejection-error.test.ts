import { describe, expect, it } from "vitest";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  QuotaFailureSchema,
  ResourceInfoSchema,
} from "../../gen/google/rpc/error_details_pb.ts";
import { RouteDecisionSchema } from "../../gen/switchyard/v1/routing_pb.ts";
import type { CallFacts } from "../../src/routing/call-facts.ts";
import type { Catalog } from "../../src/routing/catalog.ts";
import { planRoute } from "../../src/routing/plan-route.ts";
import { planRejectionError } from "../../src/rpc/plan-rejection-error.ts";
import type { RpcError } from "../../src/rpc/rpc-error.ts";
import { routeDecisionOf } from "../support/call-samples.ts";
import { detailOf } from "../support/rpc-error-details.ts";
import { sampleCatalog, sampleFacts, sampleModel } from "../support/routing-samples.ts";

const price = {
  inputNanosPerMTok: 1_000_000n,
  cachedInputNanosPerMTok: undefined,
  outputNanosPerMTok: 2_000_000n,
};
const catalog = sampleCatalog(
  [
    sampleModel("acme/small", ["one"], {
      contextWindowTokens: 1000,
      capabilities: new Set(["tools"]),
      price,
    }),
    sampleModel("acme/large", ["one"], { contextWindowTokens: 9000, capabilities: new Set(["vision"]) }),
    sampleModel("other/x"),
  ],
  { tiers: { standard: ["acme/small", "acme/large"] } },
);

function rejected(facts: Partial<CallFacts>, from: Catalog = catalog): RpcError {
  const asked = sampleFacts(facts);
  const result = planRoute(from, asked);
  if (result.kind === "planned") throw new Error("there is a plan");
  return planRejectionError(result.rejection, asked, routeDecisionOf());
}

function infoOf(error: RpcError) {
  return detailOf(error, ErrorInfoSchema);
}

const tier = { kind: "tier", tier: "standard" } as const;

describe("a call without a plan", () => {
  it("is NOT_FOUND for an unknown model, with the closest names and its provider's models", () => {
    const error = rejected({ target: { kind: "model", model: "acme/smal" } });
    expect(error.code).toBe("NOT_FOUND");
    expect(error.message).toBe('no model named "acme/smal" is configured; did you mean acme/small?');
    expect(infoOf(error)).toMatchObject({
      reason: "MODEL_NOT_FOUND",
      metadata: { model: "acme/smal", attempts: "0", suggestions: "acme/small" },
    });
    expect(detailOf(error, ResourceInfoSchema)).toMatchObject({
      resourceType: "model",
      resourceName: "acme/smal",
      description: "acme has acme/small, acme/large",
    });
    expect(detailOf(error, RouteDecisionSchema)).toBeDefined();
  });

  it("lists the providers where the model's is none of them", () => {
    const error = rejected({ target: { kind: "model", model: "zzzzzzzz/q" } });
    expect(error.message).toBe(
      'no model named "zzzzzzzz/q" is configured; there is no provider "zzzzzzzz"; there are acme, other',
    );
    expect(infoOf(error)?.metadata).not.toHaveProperty("suggestions");
  });

  it("is NOT_FOUND for an unknown deployment and for a model of a chain", () => {
    const pinned = rejected({ target: { kind: "deployment", deployment: "acme/small@two" } });
    expect(pinned.code).toBe("NOT_FOUND");
    expect(detailOf(pinned, ResourceInfoSchema)?.resourceType).toBe("deployment");
    expect(infoOf(pinned)?.metadata["suggestions"]).toContain("acme/small@one");
    const chain = rejected({ target: tier, fallback: { kind: "chain", models: ["acme/none"] } });
    expect(detailOf(chain, ResourceInfoSchema)?.resourceName).toBe("acme/none");
  });

  it("is NOT_FOUND for a tier without models", () => {
    const error = rejected({ target: { kind: "tier", tier: "simple" } });
    expect(`${error.code} ${infoOf(error)?.reason}`).toBe("NOT_FOUND MODEL_NOT_FOUND");
    expect(error.message).toContain('no tier named "simple"');
  });

  it("is FAILED_PRECONDITION where the canary is required and there is none", () => {
    const error = rejected({ target: tier, canary: "require" });
    expect(error.code).toBe("FAILED_PRECONDITION");
    expect(error.message).toContain("canary");
  });

  it("is FAILED_PRECONDITION for what no candidate can do, named", () => {
    const error = rejected({
      target: { kind: "model", model: "acme/small" },
      requiredCapabilities: new Set(["vision", "tools"]),
    });
    expect(`${error.code} ${infoOf(error)?.reason}`).toBe("FAILED_PRECONDITION UNSUPPORTED_CAPABILITY");
    expect(error.message).toBe("acme/small cannot do vision: name a model that can");
    expect(infoOf(error)?.metadata["capabilities"]).toBe("vision");
    expect(rejected({ target: tier, requiredCapabilities: new Set(["vision", "tools"]) }).message).toContain(
      "no model of tier standard can do all of vision, tools",
    );
  });

  it("is INVALID_ARGUMENT for what fits no window, with the largest", () => {
    const error = rejected({ target: tier, inputTokens: { estimate: 30_000, atLeast: 20_000 } });
    expect(`${error.code} ${infoOf(error)?.reason}`).toBe("INVALID_ARGUMENT CONTEXT_LENGTH_EXCEEDED");
    expect(infoOf(error)?.metadata).toMatchObject({ context_window_tokens: "9000", needed_tokens: "20000" });
    expect(detailOf(error, BadRequestSchema)?.fieldViolations[0]?.field).toBe("input.messages");
  });

  it("is RESOURCE_EXHAUSTED where every estimate is over the caller's own limit", () => {
    const error = rejected({ target: { kind: "model", model: "acme/small" }, maxCostNanos: 1n });
    expect(`${error.code} ${infoOf(error)?.reason}`).toBe("RESOURCE_EXHAUSTED CALLER_QUOTA_EXHAUSTED");
    expect(detailOf(error, QuotaFailureSchema)?.violations[0]).toMatchObject({
      subject: "routing.max_cost_nanos_usd",
      description: "is 1 nano-USD, the cheapest candidate is estimated at 2148",
    });
    expect(rejected({ target: { kind: "model", model: "other/x" }, maxCostNanos: 1n }).message).toContain(
      "no candidate has a known price",
    );
  });
});
