import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Price } from "../../src/routing/catalog.ts";
import { costNanos } from "../../src/routing/cost.ts";

const gpt41: Price = {
  inputNanosPerMTok: 8_000_000_000n,
  cachedInputNanosPerMTok: undefined,
  outputNanosPerMTok: 32_000_000_000n,
};

describe("costNanos()", () => {
  const cases = [
    { name: "is nothing for no tokens", price: gpt41, input: 0, cached: 0, output: 0, expected: 0n },
    {
      name: "charges a million input tokens their price",
      price: gpt41,
      input: 1e6,
      cached: 0,
      output: 0,
      expected: 8_000_000_000n,
    },
    {
      name: "adds input and output",
      price: gpt41,
      input: 1000,
      cached: 0,
      output: 500,
      expected: 24_000_000n,
    },
    {
      name: "charges cached input the input price where no cached price is known",
      price: gpt41,
      input: 1000,
      cached: 400,
      output: 0,
      expected: 8_000_000n,
    },
    {
      name: "charges cached input its own price where one is known",
      price: { ...gpt41, cachedInputNanosPerMTok: 2_000_000_000n },
      input: 1000,
      cached: 400,
      output: 0,
      expected: 5_600_000n,
    },
    {
      name: "takes more cached tokens than input for all of the input",
      price: { ...gpt41, cachedInputNanosPerMTok: 0n },
      input: 10,
      cached: 99,
      output: 0,
      expected: 0n,
    },
    {
      name: "rounds a half up",
      price: { ...gpt41, inputNanosPerMTok: 500_000n },
      input: 1,
      cached: 0,
      output: 0,
      expected: 1n,
    },
    {
      name: "rounds less than a half down",
      price: { ...gpt41, inputNanosPerMTok: 499_999n },
      input: 1,
      cached: 0,
      output: 0,
      expected: 0n,
    },
    {
      name: "rounds the sum and not its terms",
      price: {
        inputNanosPerMTok: 300_000n,
        cachedInputNanosPerMTok: undefined,
        outputNanosPerMTok: 300_000n,
      },
      input: 1,
      cached: 0,
      output: 1,
      expected: 1n,
    },
    {
      name: "stays exact where doubles do not",
      price: { ...gpt41, inputNanosPerMTok: 9_007_199_254_740_993n },
      input: 2_147_483_647,
      cached: 0,
      output: 0,
      expected: (2_147_483_647n * 9_007_199_254_740_993n + 500_000n) / 1_000_000n,
    },
  ];
  it.each(cases.map((row) => [row.name, row] as const))(
    "%s",
    (_, { price, input, cached, output, expected }) => {
      expect(costNanos(price, { input, cachedInput: cached, output })).toBe(expected);
    },
  );

  const count = fc.nat(2_147_483_647);
  const nanos = fc.bigInt(0n, 200_000_000_000_000n);
  const anyPrice = fc.record({
    inputNanosPerMTok: nanos,
    cachedInputNanosPerMTok: fc.option(nanos, { nil: undefined }),
    outputNanosPerMTok: nanos,
  });
  const anyTokens = fc
    .record({ input: count, cachedShare: fc.nat(100), output: count })
    .map(({ input, cachedShare, output }) => ({
      input,
      output,
      cachedInput: Math.floor((input / 100) * cachedShare),
    }));

  it("is the nearest whole nano to the exact rational, by another computation", () => {
    fc.assert(
      fc.property(anyPrice, anyTokens, (price, tokens) => {
        // Twice the cost over a million, token class by token class, as a fraction with denominator 2·10⁶.
        const classes: [number, bigint][] = [
          [tokens.cachedInput, price.cachedInputNanosPerMTok ?? price.inputNanosPerMTok],
          [tokens.input - tokens.cachedInput, price.inputNanosPerMTok],
          [tokens.output, price.outputNanosPerMTok],
        ];
        const doubled = classes.reduce((sum, [tokens, each]) => sum + 2n * BigInt(tokens) * each, 0n);
        const error = costNanos(price, tokens) * 2_000_000n - doubled;
        expect(error > -1_000_000n && error <= 1_000_000n).toBe(true);
      }),
    );
  });

  it("never falls when an attempt has more tokens", () => {
    fc.assert(
      fc.property(anyPrice, anyTokens, fc.nat(1000), fc.nat(1000), (price, tokens, input, output) => {
        const more = { ...tokens, input: tokens.input + input, output: tokens.output + output };
        expect(costNanos(price, more) >= costNanos(price, tokens)).toBe(true);
      }),
    );
  });

  it("differs from the sum of two parts by at most one nano", () => {
    fc.assert(
      fc.property(anyPrice, anyTokens, anyTokens, (price, one, two) => {
        const both = {
          input: one.input + two.input,
          cachedInput: one.cachedInput + two.cachedInput,
          output: one.output + two.output,
        };
        const gap = costNanos(price, both) - costNanos(price, one) - costNanos(price, two);
        expect(gap >= -1n && gap <= 1n).toBe(true);
      }),
    );
  });
});
