import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageSource } from "../../gen/switchyard/v1/content_pb.ts";
import { readUsage } from "../../src/upstream/usage.ts";

describe("readUsage()", () => {
  it("reads totals and their parts as OpenAI sends them", () => {
    expect(
      readUsage({
        prompt_tokens: 100,
        completion_tokens: 50,
        total_tokens: 150,
        prompt_tokens_details: { cached_tokens: 60, audio_tokens: 5, cache_write_tokens: 7 },
        completion_tokens_details: { reasoning_tokens: 20, audio_tokens: 3 },
      }),
    ).toMatchObject({
      inputTokens: 100,
      cachedInputTokens: 60,
      cacheWriteInputTokens: 7,
      audioInputTokens: 5,
      outputTokens: 50,
      reasoningOutputTokens: 20,
      audioOutputTokens: 3,
      source: UsageSource.UPSTREAM,
    });
  });

  const read: readonly { name: string; usage: object; expected: object }[] = [
    {
      name: "reads DeepSeek's cache hits",
      usage: {
        prompt_tokens: 10,
        completion_tokens: 1,
        prompt_cache_hit_tokens: 8,
        prompt_cache_miss_tokens: 2,
      },
      expected: { inputTokens: 10, cachedInputTokens: 8 },
    },
    {
      name: "reads Anthropic's cache counts passed on beside OpenAI's totals",
      usage: {
        prompt_tokens: 100,
        completion_tokens: 1,
        cache_read_input_tokens: 70,
        cache_creation_input_tokens: 20,
      },
      expected: { inputTokens: 100, cachedInputTokens: 70, cacheWriteInputTokens: 20 },
    },
    {
      name: "adds the cache counts to Anthropic's own input_tokens, which leave them out",
      usage: {
        input_tokens: 10,
        output_tokens: 4,
        cache_read_input_tokens: 70,
        cache_creation_input_tokens: 20,
      },
      expected: { inputTokens: 100, cachedInputTokens: 70, cacheWriteInputTokens: 20, outputTokens: 4 },
    },
    {
      name: "does not add them where input_tokens has details as in OpenAI's Responses",
      usage: { input_tokens: 100, output_tokens: 4, input_tokens_details: { cached_tokens: 70 } },
      expected: { inputTokens: 100, cachedInputTokens: 70 },
    },
    {
      name: "counts reasoning that the upstream shows only in the total",
      usage: {
        prompt_tokens: 10,
        completion_tokens: 5,
        total_tokens: 115,
        completion_tokens_details: { reasoning_tokens: 100 },
      },
      expected: { outputTokens: 105, reasoningOutputTokens: 100 },
    },
    {
      name: "finds an omitted output count in the total",
      usage: { prompt_tokens: 10, total_tokens: 10 },
      expected: { inputTokens: 10, outputTokens: 0 },
    },
    {
      name: "cuts a part that is larger than its total",
      usage: {
        prompt_tokens: 10,
        completion_tokens: 5,
        prompt_tokens_details: { cached_tokens: 99 },
        completion_tokens_details: { reasoning_tokens: 99 },
      },
      expected: { cachedInputTokens: 10, reasoningOutputTokens: 5 },
    },
    {
      name: "counts 0 for a part that is nonsense",
      usage: {
        prompt_tokens: 10,
        completion_tokens: 5,
        prompt_tokens_details: { cached_tokens: -3, audio_tokens: "4" },
        completion_tokens_details: null,
      },
      expected: { cachedInputTokens: 0, audioInputTokens: 0, reasoningOutputTokens: 0 },
    },
    {
      name: "keeps zeros",
      usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
      expected: { inputTokens: 0, outputTokens: 0 },
    },
  ];
  it.each(read.map((row) => [row.name, row] as const))("%s", (_, { usage, expected }) => {
    expect(readUsage(usage)).toMatchObject(expected);
  });

  const missing: readonly unknown[] = [
    undefined,
    null,
    [],
    "usage",
    7,
    {},
    { prompt_tokens: 10 },
    { completion_tokens: 10 },
    { prompt_tokens: -1, completion_tokens: 5 },
    { prompt_tokens: 1, completion_tokens: -5 },
    { prompt_tokens: 1.5, completion_tokens: 5 },
    { prompt_tokens: "10", completion_tokens: 5 },
    { prompt_tokens: 10, completion_tokens: null, total_tokens: 5 },
    { prompt_tokens: 2_147_483_648, completion_tokens: 5 },
    { prompt_tokens: 5, completion_tokens: 1e300 },
    { input_tokens: 2_147_483_647, output_tokens: 1, cache_read_input_tokens: 1 },
  ];
  for (const usage of missing) {
    it(`takes ${JSON.stringify(usage)} for no usage`, () => {
      expect(readUsage(usage)).toBeUndefined();
    });
  }

  it("never gives a part larger than its total, a negative figure or one beyond int32", () => {
    const figure = fc.oneof(fc.nat(1000), fc.integer(), fc.double(), fc.constantFrom(undefined, null, "1"));
    const usage = fc.record({
      prompt_tokens: figure,
      completion_tokens: figure,
      total_tokens: figure,
      input_tokens: figure,
      output_tokens: figure,
      cache_read_input_tokens: figure,
      cache_creation_input_tokens: figure,
      prompt_tokens_details: fc.record({ cached_tokens: figure, audio_tokens: figure }),
      completion_tokens_details: fc.record({ reasoning_tokens: figure, audio_tokens: figure }),
    });
    fc.assert(
      fc.property(usage, (usage) => {
        const result = readUsage(usage);
        if (result === undefined) {
          return;
        }
        const { inputTokens, outputTokens } = result;
        for (const part of [
          result.cachedInputTokens,
          result.cacheWriteInputTokens,
          result.audioInputTokens,
        ]) {
          expect(part >= 0 && part <= inputTokens).toBe(true);
        }
        for (const part of [result.reasoningOutputTokens, result.audioOutputTokens]) {
          expect(part >= 0 && part <= outputTokens).toBe(true);
        }
        expect(Math.max(inputTokens, outputTokens)).toBeLessThanOrEqual(2_147_483_647);
      }),
    );
  });
});
