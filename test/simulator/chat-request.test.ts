import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answerRequest } from "../../src/simulator/answer.ts";
import type { ApiError } from "../../src/simulator/api-error.ts";
import { type ChatRequest, readChatRequest } from "../../src/simulator/chat-request.ts";
import { isObject } from "../../src/simulator/json-object.ts";
import { wildSchemas } from "../support/json-schemas.ts";

const user = { role: "user", content: "hi" };
const called = {
  role: "assistant",
  content: null,
  tool_calls: [
    { id: "call_1", type: "function", function: { name: "f", arguments: "{}" } },
    { id: "call_2", type: "function", function: { name: "f", arguments: "{}" } },
  ],
};
const result = (tool_call_id: string) => ({ role: "tool", tool_call_id, content: "ok" });
const tool = (name: unknown, more: object = {}) => ({ type: "function", function: { name, ...more } });

function read(body: Record<string, unknown>): ChatRequest | ApiError {
  return readChatRequest({ messages: [user], ...body }, "some/model");
}

/** Each body is wrong in the member that `param` names. */
const wrong: readonly { readonly body: Record<string, unknown>; readonly param: string }[] = [
  { body: { messages: undefined }, param: "messages" },
  { body: { messages: null }, param: "messages" },
  { body: { messages: "hi" }, param: "messages" },
  { body: { messages: {} }, param: "messages" },
  { body: { messages: [] }, param: "messages" },
  { body: { messages: [user, null] }, param: "messages[1]" },
  { body: { messages: ["hi"] }, param: "messages[0]" },
  { body: { messages: [{ content: "hi" }] }, param: "messages[0].role" },
  { body: { messages: [{ role: "robot", content: "hi" }] }, param: "messages[0].role" },
  { body: { messages: [{ role: "user" }] }, param: "messages[0].content" },
  { body: { messages: [{ role: "user", content: 5 }] }, param: "messages[0].content" },
  { body: { messages: [{ role: "user", content: {} }] }, param: "messages[0].content" },
  { body: { messages: [{ role: "user", content: ["hi"] }] }, param: "messages[0].content[0]" },
  { body: { messages: [{ role: "user", content: [{}] }] }, param: "messages[0].content[0].type" },
  {
    body: { messages: [{ role: "user", content: [{ type: "video" }] }] },
    param: "messages[0].content[0].type",
  },
  {
    body: { messages: [{ role: "user", content: [{ type: "constructor" }] }] },
    param: "messages[0].content[0].type",
  },
  {
    body: { messages: [{ role: "user", content: [{ type: "text", text: "a" }, { type: "text" }] }] },
    param: "messages[0].content[1].text",
  },
  {
    body: { messages: [{ role: "user", content: [{ type: "image_url", image_url: "http://x" }] }] },
    param: "messages[0].content[0].image_url",
  },
  { body: { messages: [user, result("call_1")] }, param: "messages[1]" },
  { body: { messages: [user, called, result("call_3")] }, param: "messages[2]" },
  { body: { messages: [user, called, result("call_1"), user] }, param: "messages[3]" },
  { body: { messages: [user, called, result("call_1")] }, param: "messages[2]" },
  {
    body: { messages: [user, called, result("call_1"), { role: "tool", content: "ok" }] },
    param: "messages[3].tool_call_id",
  },
  { body: { messages: [user, { role: "assistant", tool_calls: "f" }] }, param: "messages[1].tool_calls" },
  {
    body: { messages: [user, { role: "assistant", tool_calls: [{}] }] },
    param: "messages[1].tool_calls[0].id",
  },
  { body: { temperature: "hot" }, param: "temperature" },
  { body: { temperature: 2.1 }, param: "temperature" },
  { body: { top_p: -0.1 }, param: "top_p" },
  { body: { presence_penalty: 3 }, param: "presence_penalty" },
  { body: { n: 0 }, param: "n" },
  { body: { n: 129 }, param: "n" },
  { body: { n: 1.5 }, param: "n" },
  { body: { max_tokens: 0 }, param: "max_tokens" },
  { body: { max_completion_tokens: "5" }, param: "max_completion_tokens" },
  { body: { seed: 0.5 }, param: "seed" },
  { body: { stream: "yes" }, param: "stream" },
  { body: { stream: true, stream_options: 5 }, param: "stream_options" },
  { body: { stream: true, stream_options: { include_usage: "yes" } }, param: "stream_options.include_usage" },
  { body: { stream_options: { include_usage: true } }, param: "stream_options" },
  { body: { logprobs: 1 }, param: "logprobs" },
  { body: { top_logprobs: 3 }, param: "top_logprobs" },
  { body: { logprobs: true, top_logprobs: 21 }, param: "top_logprobs" },
  { body: { parallel_tool_calls: "no" }, param: "parallel_tool_calls" },
  { body: { stop: 5 }, param: "stop" },
  { body: { stop: ["a", 5] }, param: "stop" },
  { body: { stop: ["a", "b", "c", "d", "e"] }, param: "stop" },
  { body: { response_format: "json" }, param: "response_format" },
  { body: { response_format: { type: "xml" } }, param: "response_format.type" },
  { body: { response_format: { type: "json_schema" } }, param: "response_format.json_schema.name" },
  {
    body: { response_format: { type: "json_schema", json_schema: { name: "x", schema: "string" } } },
    param: "response_format.json_schema.schema",
  },
  { body: { tools: {} }, param: "tools" },
  { body: { tools: Array.from({ length: 129 }, (_, at) => tool(`f${at}`)) }, param: "tools" },
  { body: { tools: ["f"] }, param: "tools[0]" },
  { body: { tools: [{ type: "retrieval" }] }, param: "tools[0].type" },
  { body: { tools: [{ type: "function" }] }, param: "tools[0].function" },
  { body: { tools: [tool("has space")] }, param: "tools[0].function.name" },
  { body: { tools: [tool("f"), tool(undefined)] }, param: "tools[1].function.name" },
  { body: { tools: [tool("f", { parameters: "none" })] }, param: "tools[0].function.parameters" },
  { body: { tools: [tool("f", { parameters: { type: "string" } })] }, param: "tools[0].function.parameters" },
  { body: { tool_choice: "auto" }, param: "tool_choice" },
  { body: { tools: [tool("f")], tool_choice: "always" }, param: "tool_choice" },
  {
    body: { tools: [tool("f")], tool_choice: { type: "function", function: { name: "g" } } },
    param: "tool_choice",
  },
  { body: { tools: [tool("f")], tool_choice: { type: "function" } }, param: "tool_choice" },
];

describe("readChatRequest()", () => {
  for (const { body, param } of wrong) {
    const shown = JSON.stringify(body) ?? "";
    it(`says that ${param} is wrong in ${shown.length > 90 ? `${shown.slice(0, 90)}…` : shown}`, () => {
      const error = read(body);
      expect(error).toMatchObject({ kind: "error", status: 400, type: "invalid_request_error", param });
    });
  }

  it("takes null for left out, as the API does", () => {
    const names = [
      "temperature",
      "n",
      "stop",
      "tools",
      "tool_choice",
      "response_format",
      "stream",
      "logprobs",
    ];
    const nulls = Object.fromEntries([...names, "max_tokens", "stream_options"].map((name) => [name, null]));
    expect(read(nulls)).toMatchObject({
      kind: "request",
      count: 1,
      stop: [],
      stream: false,
      maxTokens: undefined,
    });
  });

  it("takes what it does not know", () => {
    expect(read({ user: "x", metadata: { a: "b" }, reasoning_effort: "low" }).kind).toBe("request");
  });

  it("takes a conversation with calls and all their results, in any order", () => {
    const messages = [user, called, result("call_2"), result("call_1"), user];
    expect(read({ messages })).toMatchObject({ kind: "request", prompt: { messages: { length: 5 } } });
  });

  it("prefers max_completion_tokens to the older name", () => {
    expect(read({ max_tokens: 5, max_completion_tokens: 7 })).toMatchObject({ maxTokens: 7 });
  });

  it("quotes nothing that a caller wrote in a message of an error", () => {
    const secret = "sk-my-own-secret";
    for (const body of [
      { messages: [{ role: secret, content: secret }] },
      { messages: [{ role: "user", content: [{ type: secret }] }] },
      { tools: [{ type: secret }] },
      { tools: [tool(`${secret} `)] },
      { response_format: { type: secret } },
      { tools: [tool("f")], tool_choice: secret },
      { stop: { [secret]: secret } },
    ]) {
      const error = read(body);
      expect(error.kind).toBe("error");
      expect(JSON.stringify(error)).not.toContain(secret);
    }
  });

  it("reads or refuses any JSON, and answers what it reads", () => {
    const json = fc.jsonValue({ maxDepth: 3 });
    const mostly = <Value>(usual: fc.Arbitrary<Value>) =>
      fc.oneof({ weight: 15, arbitrary: usual }, { weight: 1, arbitrary: json });
    const part = fc.oneof(
      fc.record({ type: fc.constant("text"), text: mostly(fc.string()) }),
      fc.record({ type: fc.constant("image_url"), image_url: mostly(fc.constant({ url: "data:,x" })) }),
      fc.record({ type: mostly(fc.constantFrom("file", "__proto__")), file: json }),
    );
    const message = fc.record({
      role: mostly(fc.constantFrom("system", "user", "assistant")),
      content: mostly(fc.oneof(fc.string(), fc.array(part, { maxLength: 2 }))),
    });
    const body = fc.record(
      {
        messages: mostly(fc.array(message, { minLength: 1, maxLength: 3 })),
        tools: mostly(
          fc.array(
            wildSchemas.map((wild) => tool("f", { parameters: { properties: { wild } } })),
            { minLength: 1, maxLength: 2 },
          ),
        ),
        tool_choice: mostly(fc.constantFrom("auto", "required", "none")),
        response_format: mostly(
          wildSchemas.map((schema) => ({ type: "json_schema", json_schema: { name: "x", schema } })),
        ),
        stop: mostly(fc.array(fc.string(), { maxLength: 4 })),
        n: mostly(fc.integer({ min: 1, max: 3 })),
        max_tokens: mostly(fc.integer({ min: 1, max: 30 })),
        logprobs: mostly(fc.boolean()),
        temperature: mostly(fc.double({ min: 0, max: 2, noNaN: true })),
      },
      { requiredKeys: ["messages"] },
    );
    let answered = 0;
    fc.assert(
      fc.property(body, (any) => {
        const parsed: unknown = JSON.parse(JSON.stringify(any));
        if (!isObject(parsed)) return;
        const request = readChatRequest(parsed, "some/model");
        if (request.kind === "error") {
          expect(request.status).toBe(400);
          expect(request.message).not.toContain("undefined");
          return;
        }
        answered += 1;
        const { choices, completionTokens } = answerRequest(request, 1);
        expect(choices).toHaveLength(request.count);
        expect(completionTokens).toBeLessThanOrEqual((request.maxTokens ?? Infinity) * request.count);
      }),
      { numRuns: 1000 },
    );
    // Else this would prove nothing.
    expect(answered).toBeGreaterThan(50);
  });
});
