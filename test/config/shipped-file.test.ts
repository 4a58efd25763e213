import { describe, expect, it } from "vitest";
import { compileCatalog } from "../../src/config/compile-catalog.ts";
import { anyKey, configOf, shippedText } from "../support/parsed-config.ts";

const withKeys = { HOLYSHEEP_API_KEY: anyKey, OPENAI_API_KEY: `${anyKey}-2` };

describe("the shipped switchyard.yaml", () => {
  it("works as it is, and without any key the simulator serves", () => {
    expect(configOf(shippedText).simulator.serves).toBe(true);
    expect(configOf(shippedText, withKeys).warnings).toEqual([]);
  });

  it("is what an empty file means", () => {
    expect(configOf("", withKeys).revision).toBe(configOf(shippedText, withKeys).revision);
  });

  it("shows each default as it is: with all of them uncommented it means the same", () => {
    const uncommented = shippedText.replaceAll(/^#(?=[a-z]|  +[a-z])/gm, "");
    const sections = [
      "listen",
      "defaultTier",
      "retry",
      "breaker",
      "timeouts",
      "hedge",
      "limits",
      "limiter",
      "drain",
      "grpc",
      "workers",
      "ledger",
      "budgets",
      "operator",
      "cors",
      "simulator",
    ];
    for (const section of sections) expect(uncommented).toMatch(new RegExp(`^${section}:`, "m"));
    const { revision, warnings } = configOf(uncommented, withKeys);
    expect({ revision, warnings }).toEqual({
      revision: configOf(shippedText, withKeys).revision,
      warnings: [],
    });
  });

  it("has a canary that can be uncommented", () => {
    const { canary } = configOf(shippedText.replace(/^# (?=canary:)/m, ""), withKeys);
    expect(canary).toEqual({
      stable: "legacy",
      canary: "holysheep",
      weightBasisPoints: 500,
      autoRollback: true,
      promote: false,
    });
  });

  const prices: readonly (readonly [string, bigint | undefined, bigint | undefined])[] = [
    ["deepseek/deepseek-chat-v3-2", 420_000_000n, 1_900_000_000n],
    ["deepseek/deepseek-reasoner", undefined, undefined],
    ["google/gemini-2.5-flash-preview", 2_500_000_000n, 10_000_000_000n],
    ["google/gemini-2.0-flash-exp", undefined, undefined],
    ["google/gemini-exp", undefined, undefined],
    ["openai/gpt-4.1", 8_000_000_000n, 32_000_000_000n],
    ["openai/gpt-4o", undefined, undefined],
    ["openai/gpt-4o-mini", undefined, undefined],
    ["openai/gpt-4-turbo", undefined, undefined],
    ["anthropic/claude-sonnet-4-20250514", 15_000_000_000n, 75_000_000_000n],
    ["anthropic/claude-3-5-sonnet-20241022", undefined, undefined],
    ["anthropic/claude-3-5-haiku-20241007", undefined, undefined],
  ];
  it("has the twelve models in their order", () => {
    expect([...configOf(shippedText).models.keys()]).toEqual(prices.map(([id]) => id));
  });
  for (const [id, input, output] of prices) {
    it(`prices ${id} ${input === undefined ? "not at all" : "as published"}`, () => {
      const price = configOf(shippedText).models.get(id)?.price;
      expect(price?.inputNanosPerMTok).toBe(input);
      expect(price?.outputNanosPerMTok).toBe(output);
    });
  }

  it("serves OpenAI's models at both upstreams, under the legacy one's own names, and the others at one", () => {
    const { models } = compileCatalog(configOf(shippedText, withKeys));
    expect(models.get("openai/gpt-4.1")?.deployments).toEqual([
      {
        id: "openai/gpt-4.1@holysheep",
        model: "openai/gpt-4.1",
        upstream: "holysheep",
        upstreamModel: "openai/gpt-4.1",
      },
      { id: "openai/gpt-4.1@legacy", model: "openai/gpt-4.1", upstream: "legacy", upstreamModel: "gpt-4.1" },
    ]);
    for (const model of models.values()) {
      const upstreams = model.deployments.map(({ upstream }) => upstream);
      expect(upstreams).toEqual(model.provider === "openai" ? ["holysheep", "legacy"] : ["holysheep"]);
    }
  });
});
