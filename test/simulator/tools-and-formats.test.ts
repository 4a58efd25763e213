import type { OpenAI } from "openai";
import { describe, expect, it } from "vitest";
import { matchesSchema } from "../../src/simulator/schema-check.ts";
import { ask, chatModel, type RunningSimulator, simulate } from "../support/running-simulator.ts";

type Tool = OpenAI.ChatCompletionTool;
type Message = OpenAI.ChatCompletionMessageParam;
type Extra = Partial<Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, "stream">>;

const weather: Tool = {
  type: "function",
  function: {
    name: "get_weather",
    description: "Current weather of a place",
    parameters: {
      type: "object",
      properties: { city: { type: "string" }, unit: { enum: ["celsius", "fahrenheit"] } },
      required: ["city", "unit"],
      additionalProperties: false,
    },
  },
};
const search: Tool = {
  type: "function",
  function: {
    name: "search_documents",
    description: "Finds documents",
    parameters: { type: "object", properties: { query: { type: "string" } }, required: ["query"] },
  },
};
const now: Tool = { type: "function", function: { name: "now" } };

async function choiceOf({ sdk }: RunningSimulator, content: string | readonly Message[], more: Extra) {
  const messages = typeof content === "string" ? ask(content).messages : [...content];
  const { choices } = await sdk.chat.completions.create({ model: chatModel, ...more, messages });
  return choices[0]!;
}

/** The name and the parsed arguments of each call. */
function callsOf({ message }: OpenAI.ChatCompletion.Choice) {
  return (message.tool_calls ?? []).map((call) => {
    if (call.type !== "function") return { name: call.custom.name, input: call.custom.input };
    return { name: call.function.name, input: JSON.parse(call.function.arguments) };
  });
}

describe("tools", () => {
  it("are called where the choice is theirs: the one that the question is about, with valid arguments", async () => {
    const choice = await choiceOf(await simulate(), "What is the weather like?", {
      tools: [search, weather],
    });
    expect(choice.finish_reason).toBe("tool_calls");
    expect(choice.message.content).toBeNull();
    expect(callsOf(choice)).toEqual([
      {
        name: "get_weather",
        input: { city: "Seoul", unit: expect.stringMatching(/^(?:celsius|fahrenheit)$/) },
      },
    ]);
  });

  it("are called together where the question is about several", async () => {
    const question = "Search for the weather report documents";
    const simulator = await simulate();
    const choice = await choiceOf(simulator, question, { tools: [now, weather, search] });
    expect(callsOf(choice).map(({ name }) => name)).toEqual(["search_documents", "get_weather"]);
    expect(new Set(choice.message.tool_calls!.map(({ id }) => id)).size).toBe(2);
    const alone = await choiceOf(simulator, question, {
      tools: [now, weather, search],
      parallel_tool_calls: false,
    });
    expect(callsOf(alone).map(({ name }) => name)).toEqual(["search_documents"]);
  });

  it("get the question where a parameter calls for it, in any language", async () => {
    const choice = await choiceOf(await simulate(), "서울의 인구는?", { tools: [search] });
    expect(callsOf(choice)).toEqual([{ name: "search_documents", input: { query: "서울의 인구는?" } }]);
  });

  it("without parameters get an empty object", async () => {
    expect(callsOf(await choiceOf(await simulate(), "hi", { tools: [now] }))).toEqual([
      { name: "now", input: {} },
    ]);
  });

  it("are not called where that is not wanted", async () => {
    const choice = await choiceOf(await simulate(), "weather?", { tools: [weather], tool_choice: "none" });
    expect(choice).toMatchObject({ finish_reason: "stop", message: { content: expect.any(String) } });
    expect(choice.message.tool_calls).toBeUndefined();
  });

  it("are called where one is named, whatever the question is about", async () => {
    const choice = await choiceOf(await simulate(), "weather?", {
      tools: [weather, search],
      tool_choice: { type: "function", function: { name: "search_documents" } },
    });
    expect(callsOf(choice).map(({ name }) => name)).toEqual(["search_documents"]);
  });

  it("are called of those that are allowed", async () => {
    const choice = await choiceOf(await simulate(), "weather?", {
      tools: [weather, search],
      tool_choice: {
        type: "allowed_tools",
        allowed_tools: {
          mode: "auto",
          tools: [{ type: "function", function: { name: "search_documents" } }],
        },
      },
    });
    expect(callsOf(choice).map(({ name }) => name)).toEqual(["search_documents"]);
  });

  it("that have answered are not called again, so that the caller's loop ends: the answer tells the result", async () => {
    const simulator = await simulate();
    const first = await choiceOf(simulator, "weather?", { tools: [weather] });
    const messages: Message[] = [
      ...ask("weather?").messages,
      first.message,
      { role: "tool", tool_call_id: first.message.tool_calls![0]!.id, content: "23 degrees" },
    ];
    const second = await choiceOf(simulator, messages, { tools: [weather] });
    expect(second).toMatchObject({ finish_reason: "stop" });
    expect(second.message.content).toContain("23 degrees");
    const demanded = await choiceOf(simulator, messages, { tools: [weather], tool_choice: "required" });
    expect(demanded.finish_reason).toBe("tool_calls");
    expect(demanded.message.tool_calls![0]!.id).not.toBe(first.message.tool_calls![0]!.id);
  });

  it("of free input get the question", async () => {
    const tools: Tool[] = [{ type: "custom", custom: { name: "shell", description: "Runs a command" } }];
    const choice = await choiceOf(await simulate(), "list my files", { tools });
    expect(callsOf(choice)).toEqual([{ name: "shell", input: "list my files" }]);
  });

  it("cost tokens, those of the prompt and those of the calls", async () => {
    const { sdk } = await simulate();
    const plain = await sdk.chat.completions.create(ask("weather?"));
    const called = await sdk.chat.completions.create({ ...ask("weather?"), tools: [weather] });
    expect(called.usage!.prompt_tokens).toBeGreaterThan(plain.usage!.prompt_tokens + 20);
    expect(called.usage!.completion_tokens).toBeGreaterThan(0);
  });

  it("are cut in the middle of their arguments at the limit", async () => {
    const choice = await choiceOf(await simulate(), "weather?", { tools: [weather], max_tokens: 3 });
    expect(choice.finish_reason).toBe("length");
    const call = choice.message.tool_calls![0]!;
    expect(() => JSON.parse(call.type === "function" ? call.function.arguments : "")).toThrow(SyntaxError);
  });

  it("are not begun where the limit leaves nothing of them", async () => {
    const simulator = await simulate();
    const request: Extra = { tools: [weather, search] };
    const question = "Search for the weather report documents";
    const { usage } = await simulator.sdk.chat.completions.create({ ...ask(question), ...request });
    const counts = new Set<number>();
    for (let limit = 1; limit <= usage!.completion_tokens; limit += 1) {
      const choice = await choiceOf(simulator, question, { ...request, max_tokens: limit });
      const calls = choice.message.tool_calls!;
      counts.add(calls.length);
      for (const call of calls) expect(call.type === "function" && call.function.arguments).not.toBe("");
      const whole = limit === usage!.completion_tokens;
      expect(choice.finish_reason).toBe(whole ? "tool_calls" : "length");
    }
    expect(counts).toEqual(new Set([1, 2]));
  });
});

describe("formats", () => {
  it("json_object is an object that says that it is simulated", async () => {
    const choice = await choiceOf(await simulate(), "Hello", { response_format: { type: "json_object" } });
    expect(JSON.parse(choice.message.content!)).toEqual({
      simulated: true,
      model: chatModel,
      answer: expect.stringContaining("Hello"),
      confidence: expect.any(Number),
    });
  });

  it("json_schema is a value of the schema, nested and by reference", async () => {
    const schema = {
      type: "object",
      properties: {
        recipe: { type: "string" },
        servings: { type: "integer", minimum: 1, maximum: 8 },
        ingredients: { type: "array", items: { $ref: "#/$defs/ingredient" }, minItems: 2, maxItems: 4 },
        code: { type: "string", pattern: "^[A-Z]{2}-\\d{4}$" },
      },
      required: ["recipe", "servings", "ingredients", "code"],
      additionalProperties: false,
      $defs: {
        ingredient: {
          type: "object",
          properties: { name: { type: "string" }, unit: { enum: ["g", "ml"] } },
          required: ["name", "unit"],
          additionalProperties: false,
        },
      },
    };
    const simulator = await simulate();
    for (const question of ["kimchi", "bread", "김치찌개", "soup"]) {
      const choice = await choiceOf(simulator, question, {
        response_format: { type: "json_schema", json_schema: { name: "recipe", schema, strict: true } },
      });
      const value = JSON.parse(choice.message.content!);
      expect(matchesSchema(schema, schema, value)).toBe(true);
      expect(Object.keys(value)).toEqual(["recipe", "servings", "ingredients", "code"]);
      expect(value.code).toMatch(/^[A-Z]{2}-\d{4}$/);
      expect([1, 2, 3, 4, 5, 6, 7, 8]).toContain(value.servings);
      expect(value.ingredients.length).toBeGreaterThanOrEqual(2);
      for (const item of value.ingredients) {
        expect(item).toEqual({ name: expect.any(String), unit: expect.stringMatching(/^(?:g|ml)$/) });
      }
    }
  });

  it("text is text", async () => {
    const choice = await choiceOf(await simulate(), "Hello", { response_format: { type: "text" } });
    expect(choice.message.content).toMatch(/^This is a simulated answer/);
  });

  it("give way to calls, as in the API", async () => {
    const choice = await choiceOf(await simulate(), "weather?", {
      tools: [weather],
      response_format: { type: "json_object" },
    });
    expect(choice.finish_reason).toBe("tool_calls");
  });
});
