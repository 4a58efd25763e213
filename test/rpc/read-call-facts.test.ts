import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { ReasoningEffort } from "../../gen/switchyard/v1/content_pb.ts";
import { ChatRequestSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { CanaryMode, FallbackMode, RoutingOptionsSchema, Tier } from "../../gen/switchyard/v1/routing_pb.ts";
import type { CallFacts } from "../../src/routing/call-facts.ts";
import { readCallFacts } from "../../src/rpc/read-call-facts.ts";
import { chatInput } from "../support/call-samples.ts";

type RequestInit = Exclude<MessageInitShape<typeof ChatRequestSchema>, { $typeName: string }>;

const context = { defaultTier: "advanced", requestId: "01" } as const;

function factsOf(request: RequestInit): CallFacts {
  const read = readCallFacts(create(ChatRequestSchema, { input: chatInput, ...request }), context);
  if (read.kind === "invalid") throw new Error(JSON.stringify(read.problems));
  return read.facts;
}

function routing(options: MessageInitShape<typeof RoutingOptionsSchema>): CallFacts {
  return factsOf({ routing: options });
}

describe("the target of a call", () => {
  const cases: readonly { name: string; request: RequestInit; expected: CallFacts["target"] }[] = [
    {
      name: "is the default tier where none is named",
      request: {},
      expected: { kind: "tier", tier: "advanced" },
    },
    {
      name: "is a tier",
      request: { target: { target: { case: "tier", value: Tier.SIMPLE } } },
      expected: { kind: "tier", tier: "simple" },
    },
    {
      name: "is a model",
      request: { target: { target: { case: "model", value: "acme/a" } } },
      expected: { kind: "model", model: "acme/a" },
    },
    {
      name: "is a deployment",
      request: { target: { target: { case: "deployment", value: "acme/a@one" } } },
      expected: { kind: "deployment", deployment: "acme/a@one" },
    },
  ];
  for (const { name, request, expected } of cases) {
    it(name, () => {
      expect(factsOf(request).target).toEqual(expected);
    });
  }
});

describe("what a caller says about fallback and canary", () => {
  it("is the configured policy where it says nothing", () => {
    expect(routing({})).toMatchObject({
      fallback: { kind: "configured" },
      onContentFilter: false,
      canary: "assigned",
    });
  });

  it("is each mode by its name", () => {
    expect(routing({ fallback: { mode: FallbackMode.NONE } }).fallback).toEqual({ kind: "none" });
    expect(routing({ fallback: { mode: FallbackMode.SAME_MODEL } }).fallback).toEqual({ kind: "same-model" });
    const chain = { mode: FallbackMode.CHAIN, models: ["acme/b", "acme/c"], onContentFilter: true };
    expect(routing({ fallback: chain })).toMatchObject({
      fallback: { kind: "chain", models: ["acme/b", "acme/c"] },
      onContentFilter: true,
    });
    expect(routing({ canary: CanaryMode.EXCLUDE }).canary).toBe("exclude");
    expect(routing({ canary: CanaryMode.REQUIRE }).canary).toBe("require");
  });

  it("is refused where models are named that no mode would use", () => {
    const request = { input: chatInput, routing: { fallback: { models: ["acme/b"] } } };
    expect(readCallFacts(create(ChatRequestSchema, request), context)).toEqual({
      kind: "invalid",
      problems: [
        { field: "routing.fallback.models", description: "needs mode FALLBACK_MODE_CHAIN to be obeyed" },
      ],
    });
  });
});

describe("what a call needs", () => {
  it("is what its input needs and what the caller adds", () => {
    const { requiredCapabilities } = factsOf({
      input: { ...chatInput, generationConfig: { reasoningEffort: ReasoningEffort.LOW } },
      routing: { requiredCapabilities: ["vision", "json_schema"] },
    });
    expect([...requiredCapabilities].toSorted()).toEqual(["json_schema", "reasoning", "vision"]);
  });

  it("names the field and the words that are allowed where a capability is unknown", () => {
    const request = { input: chatInput, routing: { requiredCapabilities: ["tools", "telepathy"] } };
    const read = readCallFacts(create(ChatRequestSchema, request), context);
    expect(read).toEqual({
      kind: "invalid",
      problems: [
        {
          field: "routing.required_capabilities[1]",
          description:
            "must be one of tools, vision, audio, file, json_object, json_schema, reasoning, prefill",
        },
      ],
    });
  });

  it("counts the prompt's tokens, surely not more than the estimate", () => {
    const { inputTokens } = factsOf({});
    expect(inputTokens.estimate).toBeGreaterThan(inputTokens.atLeast);
    expect(inputTokens.atLeast).toBeGreaterThan(0);
  });

  it("takes the given count where there is no prompt", () => {
    const tokens = { estimate: 500, atLeast: 400 };
    const read = readCallFacts(create(ChatRequestSchema, {}), { ...context, inputTokens: tokens });
    expect(read).toMatchObject({ facts: { inputTokens: tokens } });
  });

  it("keeps the numbers and keys that the caller set", () => {
    const facts = factsOf({
      input: { ...chatInput, generationConfig: { maxOutputTokens: 12 } },
      routing: { maxCostNanosUsd: 99n, affinityKey: "user-1" },
    });
    expect(facts).toMatchObject({
      maxOutputTokens: 12,
      maxCostNanos: 99n,
      affinityKey: "user-1",
      requestId: "01",
    });
  });

  it("takes an empty affinity key for none, or all who send it would share one bucket", () => {
    expect(routing({ affinityKey: "" }).affinityKey).toBeUndefined();
  });
});
