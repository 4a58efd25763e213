import { describe, expect, it } from "vitest";
import type { CallFacts } from "../../src/routing/call-facts.ts";
import type { Model } from "../../src/routing/catalog.ts";
import { estimatedCostNanos, hardSkip } from "../../src/routing/eligible.ts";
import { sampleFacts, sampleModel } from "../support/routing-samples.ts";

/** One dollar a million input tokens, ten a million output tokens: 1000 and 10 000 nano-USD a token. */
const price = {
  inputNanosPerMTok: 1_000_000_000n,
  cachedInputNanosPerMTok: 1n,
  outputNanosPerMTok: 10_000_000_000n,
};

const model = (fields: Partial<Model>): Model => sampleModel("acme/a", ["one"], fields);

/** With this limit of the caller's. */
const estimate = (fields: Partial<Model>, maxOutputTokens: number | undefined): bigint | undefined =>
  estimatedCostNanos(model(fields), sampleFacts({ maxOutputTokens }));

describe("what rules a model out of a call", () => {
  const cases: readonly {
    readonly name: string;
    readonly model: Partial<Model>;
    readonly facts: Partial<CallFacts>;
    readonly expected: string | undefined;
  }[] = [
    { name: "is nothing where nothing is declared", model: {}, facts: {}, expected: undefined },
    {
      name: "is a capability that it does not have",
      model: { capabilities: new Set(["tools"]) },
      facts: { requiredCapabilities: new Set(["tools", "vision"]) },
      expected: "capability",
    },
    {
      name: "is no capability that it has",
      model: { capabilities: new Set(["tools", "vision", "prefill"]) },
      facts: { requiredCapabilities: new Set(["tools", "vision"]) },
      expected: undefined,
    },
    {
      name: "is every capability where it declares none",
      model: { capabilities: new Set() },
      facts: { requiredCapabilities: new Set(["json_schema"]) },
      expected: "capability",
    },
    {
      name: "is no capability where it declares nothing",
      model: { capabilities: undefined },
      facts: { requiredCapabilities: new Set(["json_schema"]) },
      expected: undefined,
    },
    {
      name: "is a prompt that surely exceeds its window",
      model: { contextWindowTokens: 99 },
      facts: { inputTokens: { estimate: 100, atLeast: 100 } },
      expected: "context-too-long",
    },
    {
      name: "is a prompt that leaves no room for the output asked for",
      model: { contextWindowTokens: 1000 },
      facts: { inputTokens: { estimate: 900, atLeast: 900 }, maxOutputTokens: 101 },
      expected: "context-too-long",
    },
    {
      name: "is not a prompt that fills the window to the last token",
      model: { contextWindowTokens: 1000 },
      facts: { inputTokens: { estimate: 900, atLeast: 900 }, maxOutputTokens: 100 },
      expected: undefined,
    },
    {
      name: "is not a guess that exceeds its window: the upstream may take it",
      model: { contextWindowTokens: 1000 },
      facts: { inputTokens: { estimate: 5000, atLeast: 900 } },
      expected: undefined,
    },
    {
      name: "is an estimate over the caller's limit",
      model: { price },
      facts: { inputTokens: { estimate: 100, atLeast: 1 }, maxOutputTokens: 10, maxCostNanos: 199_999n },
      expected: "over-budget",
    },
    {
      name: "is not an estimate of exactly the caller's limit",
      model: { price },
      facts: { inputTokens: { estimate: 100, atLeast: 1 }, maxOutputTokens: 10, maxCostNanos: 200_000n },
      expected: undefined,
    },
    {
      name: "is an unknown price where the caller has a limit",
      model: { price: undefined },
      facts: { maxCostNanos: 1_000_000_000_000n },
      expected: "over-budget",
    },
    {
      name: "is told as the capability first, then the window, then the cost",
      model: { capabilities: new Set(), contextWindowTokens: 1, price },
      facts: { requiredCapabilities: new Set(["tools"]), maxCostNanos: 1n },
      expected: "capability",
    },
    {
      name: "is told as the window before the cost",
      model: { contextWindowTokens: 1, price },
      facts: { maxCostNanos: 1n },
      expected: "context-too-long",
    },
  ];
  for (const { name, model: fields, facts, expected } of cases) {
    it(name, () => expect(hardSkip(model(fields), sampleFacts(facts))).toBe(expected));
  }
});

describe("the estimated cost of a call", () => {
  it("is unknown without a price, never nothing", () => {
    expect(estimate({}, 10)).toBeUndefined();
  });

  it("counts the guessed prompt at the full price and the output that the caller allows", () => {
    expect(estimate({ price }, 10)).toBe(100n * 1000n + 10n * 10_000n);
  });

  it("assumes a long answer where the caller sets no limit", () => {
    expect(estimate({ price }, undefined)).toBe(100n * 1000n + 1024n * 10_000n);
  });

  it("never counts more output than the model can give", () => {
    const short = { price, maxOutputTokens: 20 };
    expect(estimate(short, undefined)).toBe(100n * 1000n + 20n * 10_000n);
    expect(estimate(short, 4000)).toBe(100n * 1000n + 20n * 10_000n);
  });
});
