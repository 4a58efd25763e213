import { describe, expect, it } from "vitest";
import { closestNames } from "../../src/routing/closest-names.ts";

const models = [
  "anthropic/claude-sonnet-4-20250514",
  "deepseek/deepseek-chat-v3-2",
  "deepseek/deepseek-reasoner",
  "google/gemini-2.5-flash-preview",
  "openai/gpt-4-turbo",
  "openai/gpt-4.1",
  "openai/gpt-4o",
  "openai/gpt-4o-mini",
];

describe("the closest names", () => {
  const cases: readonly {
    readonly name: string;
    readonly wanted: string;
    readonly names?: readonly string[];
    readonly expected: readonly string[];
  }[] = [
    { name: "begin with a slip of the finger", wanted: "openai/gtp-4.1", expected: ["openai/gpt-4.1"] },
    { name: "are found whatever the case", wanted: "OpenAI/GPT-4.1", expected: ["openai/gpt-4.1"] },
    {
      name: "are those that contain what was written, the shortest first",
      wanted: "gpt-4",
      expected: ["openai/gpt-4o", "openai/gpt-4.1", "openai/gpt-4-turbo"],
    },
    {
      name: "are those that what was written contains, the longest first",
      wanted: "openai/gpt-4o-mini-2024-07-18",
      expected: ["openai/gpt-4o-mini", "openai/gpt-4o"],
    },
    { name: "are none where nothing is like it", wanted: "mistral/large-2407-instruct", expected: [] },
    { name: "are none among no names", wanted: "openai/gpt-4.1", names: [], expected: [] },
    {
      name: "are in alphabetical order where they are as close",
      wanted: "cat",
      names: ["cut", "cab", "car"],
      expected: ["cab", "car", "cut"],
    },
    {
      name: "may be two edits away however short they are",
      wanted: "on",
      names: ["off", "one", "zebra"],
      expected: ["one", "off"],
    },
    {
      name: "are not short names that happen to stand inside what was written",
      wanted: "maximumProviders",
      names: ["id", "maxProviders"],
      expected: ["maxProviders"],
    },
    {
      name: "are not all names where next to nothing was written",
      wanted: "o",
      names: ["openai/gpt-4o", "openai/gpt-4.1"],
      expected: [],
    },
    { name: "are short ones for nothing at all", wanted: "", names: ["ab", "abc"], expected: ["ab"] },
  ];
  for (const { name, wanted, names = models, expected } of cases) {
    it(name, () => {
      const found = closestNames(wanted, names);
      expect(found.filter((each) => expected.includes(each))).toEqual(expected);
      expect(expected.length === 0 ? found : found.slice(0, expected.length)).toEqual(expected);
    });
  }

  it("are at most three, or as many as are asked for", () => {
    const many = Array.from({ length: 10 }, (_, index) => `model-${index}`);
    expect(closestNames("model-x", many)).toEqual(["model-0", "model-1", "model-2"]);
    expect(closestNames("model-x", many, 1)).toEqual(["model-0"]);
  });

  it("are found for the longest names of the contract, and by iteration alone", () => {
    const long = "a".repeat(127);
    const names = new Map([[`${long}b`, 1]]).keys();
    expect(closestNames(`${long}c`, names)).toEqual([`${long}b`]);
  });
});
