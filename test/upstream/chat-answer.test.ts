import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { create } from "@bufbuild/protobuf";
import { FinishReason, Role } from "../../gen/switchyard/v1/content_pb.ts";
import { ChatInputSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { readCompletion } from "../../src/upstream/chat-answer.ts";
import { toChatCompletionBody } from "../../src/upstream/chat-request.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

function answer(message: unknown, rest: object = { finish_reason: "stop" }): object {
  return {
    id: "chatcmpl-1",
    created: 1_700_000_000,
    model: "m-1",
    choices: [{ index: 0, message, ...rest }],
  };
}

/** The parts of the only choice, as `case: value`. */
function parts(message: object, rest?: object) {
  const choice = readCompletion(answer(message, rest))?.choices[0];
  return choice?.message?.parts.map(({ part }) => [part.case, part.value]);
}

describe("readCompletion()", () => {
  it("reads a whole answer", () => {
    const body = {
      ...answer({ role: "assistant", content: "hi" }),
      usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
    };
    expect(readCompletion(body)).toMatchObject({
      id: "chatcmpl-1",
      createdSeconds: 1_700_000_000,
      modelVersion: "m-1",
      choices: [
        {
          index: 0,
          message: { role: Role.ASSISTANT, parts: [{ part: { case: "text", value: "hi" } }] },
          finishReason: FinishReason.STOP,
          nativeFinishReason: "stop",
          logprobs: [],
        },
      ],
      usage: { inputTokens: 3, outputTokens: 1 },
    });
  });

  const content: readonly { name: string; message: object; rest?: object; expected: readonly unknown[] }[] = [
    {
      name: "reads an empty answer that ended as an empty text",
      message: { content: null },
      expected: [["text", ""]],
    },
    {
      name: "reads text without a finish reason",
      message: { content: "hi" },
      rest: {},
      expected: [["text", "hi"]],
    },
    { name: "reads a refusal", message: { content: null, refusal: "no" }, expected: [["refusal", "no"]] },
    {
      name: "joins an array of text parts and leaves out parts without text",
      message: { content: [{ type: "text", text: "a" }, "b", { type: "image_url" }] },
      expected: [["text", "ab"]],
    },
    {
      name: "reads thinking inside an array of parts as reasoning",
      message: {
        content: [
          { type: "thinking", thinking: [{ type: "text", text: "hm" }] },
          { type: "text", text: "a" },
        ],
      },
      expected: [
        ["reasoning", expect.objectContaining({ text: "hm" })],
        ["text", "a"],
      ],
    },
    {
      name: "puts reasoning, text, refusal and tool calls in this order",
      message: {
        tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
        refusal: "no",
        content: "a",
        reasoning: "hm",
      },
      expected: [
        ["reasoning", expect.objectContaining({ text: "hm" })],
        ["text", "a"],
        ["refusal", "no"],
        ["toolCall", expect.objectContaining({ id: "c", name: "f", argumentsJson: "{}" })],
      ],
    },
    {
      name: "takes reasoning under two names once",
      message: { content: "a", reasoning: "hm", reasoning_content: "hm" },
      expected: [
        ["reasoning", expect.objectContaining({ text: "hm" })],
        ["text", "a"],
      ],
    },
    {
      name: "keeps the signature of each thinking block",
      message: {
        content: "a",
        reasoning_content: "one",
        thinking_blocks: [
          { type: "thinking", thinking: "one", signature: "s1" },
          { type: "redacted_thinking", data: "opaque" },
        ],
      },
      expected: [
        ["reasoning", expect.objectContaining({ text: "one", signature: utf8("s1"), redacted: false })],
        ["reasoning", expect.objectContaining({ text: "", signature: utf8("opaque"), redacted: true })],
        ["text", "a"],
      ],
    },
    {
      name: "keeps readable reasoning beside details that are only opaque",
      message: {
        content: "a",
        reasoning: "hm",
        reasoning_details: [{ type: "reasoning.encrypted", data: "opaque" }],
      },
      expected: [
        ["reasoning", expect.objectContaining({ text: "hm", redacted: false })],
        ["reasoning", expect.objectContaining({ text: "", signature: utf8("opaque"), redacted: true })],
        ["text", "a"],
      ],
    },
    {
      name: "keeps arguments verbatim, even those that are no JSON",
      message: { tool_calls: [{ id: "c", function: { name: "f", arguments: '{"a": 1.0,' } }] },
      expected: [["toolCall", expect.objectContaining({ argumentsJson: '{"a": 1.0,' })]],
    },
    {
      name: "writes arguments that came parsed as JSON",
      message: { tool_calls: [{ id: "c", function: { name: "f", arguments: { b: 1 } } }] },
      expected: [["toolCall", expect.objectContaining({ argumentsJson: '{"b":1}' })]],
    },
    {
      name: "invents a missing id of a tool call",
      message: {
        tool_calls: [{ function: { name: "f" } }, { id: "", function: { name: "g", arguments: null } }],
      },
      expected: [
        ["toolCall", expect.objectContaining({ id: "call_chatcmpl-1_0_0", name: "f", argumentsJson: "" })],
        ["toolCall", expect.objectContaining({ id: "call_chatcmpl-1_0_1", name: "g", argumentsJson: "" })],
      ],
    },
    {
      name: "reads the function_call of old",
      message: { content: null, tool_calls: null, function_call: { name: "f", arguments: "{}" } },
      rest: { finish_reason: "function_call" },
      expected: [["toolCall", expect.objectContaining({ name: "f", argumentsJson: "{}" })]],
    },
  ];
  it.each(content.map((row) => [row.name, row] as const))("%s", (_, { message, rest, expected }) => {
    expect(parts(message, rest)).toEqual(expected);
  });

  it("reads logprobs and leaves out malformed ones", () => {
    const logprobs = {
      content: [
        {
          token: "h",
          logprob: -0.5,
          bytes: [104],
          top_logprobs: [{ token: "H", logprob: -2, bytes: null }, 7],
        },
        { token: 1, logprob: 0 },
        null,
      ],
      refusal: null,
    };
    const completion = readCompletion(answer({ content: "h" }, { finish_reason: "stop", logprobs }));
    expect(completion?.choices[0]?.logprobs).toMatchObject([
      {
        token: "h",
        logprob: -0.5,
        tokenBytes: Uint8Array.of(104),
        topLogprobs: [{ token: "H", logprob: -2 }],
      },
    ]);
  });

  const indexes = [
    { name: "keeps the order and indexes of choices", sent: [1, 0], expected: [1, 0] },
    { name: "takes a missing index for the position", sent: [undefined, undefined], expected: [0, 1] },
    { name: "numbers choices by position where two have one index", sent: [0, 0], expected: [0, 1] },
  ];
  it.each(indexes.map((row) => [row.name, row] as const))("%s", (_, { sent, expected }) => {
    const choices = sent.map((index) => ({ index, message: { content: "a" }, finish_reason: "stop" }));
    expect(readCompletion({ choices })?.choices.map((choice) => choice.index)).toEqual(expected);
  });

  it("gives the tool calls of two choices with one index ids of their own", () => {
    const message = { tool_calls: [{ function: { name: "f" } }] };
    const choices = [message, message].map((message) => ({ index: 0, message, finish_reason: "tool_calls" }));
    const ids = readCompletion({ choices })?.choices.map(({ message }) => message?.parts[0]?.part.value);
    expect(ids).toMatchObject([{ id: "call_0_0" }, { id: "call_1_0" }]);
  });

  const heads = [
    {
      name: "takes a missing head for empty",
      head: { id: undefined, created: undefined, model: undefined },
      expected: { id: "", createdSeconds: undefined, modelVersion: "" },
    },
    {
      name: "drops parts of a second",
      head: { created: 1_700_000_000.9 },
      expected: { createdSeconds: 1_700_000_000 },
    },
    {
      name: "takes a creation that no timestamp holds for none",
      head: { created: 1_700_000_000_000_000 },
      expected: { createdSeconds: undefined },
    },
    { name: "takes creation 0 for none", head: { created: 0 }, expected: { createdSeconds: undefined } },
    {
      name: "takes wrong types for none",
      head: { id: 7, created: "now", model: {} },
      expected: { id: "", createdSeconds: undefined, modelVersion: "" },
    },
  ];
  it.each(heads.map((row) => [row.name, row] as const))("%s", (_, { head, expected }) => {
    expect(readCompletion({ ...answer({ content: "a" }), ...head })).toMatchObject(expected);
  });

  const invalid: Readonly<Record<string, unknown>> = {
    nothing: undefined,
    null: null,
    "a string": "<html>",
    "an array": [answer({ content: "a" })],
    "an error": { error: { message: "no" } },
    "no choices": { choices: [] },
    "choices null": { choices: null },
    "choices as an object": { choices: { 0: {} } },
    "a choice null": { choices: [null] },
    "a choice without a message": { choices: [{ index: 0, finish_reason: "stop" }] },
    "a message null": answer(null),
    "a message as text": answer("hi"),
    "content as a number": answer({ content: 7 }),
    "content as an object": answer({ content: { text: "a" } }),
    "content with a number among its parts": answer({ content: [7] }),
    "refusal as an object": answer({ refusal: {} }),
    "neither content nor finish": answer({ content: "" }, {}),
    "reasoning alone without finish": answer({ content: null, reasoning: "hm" }, { finish_reason: null }),
    "finish as a number": answer({ content: "a" }, { finish_reason: 1 }),
    "a negative index": answer({ content: "a" }, { index: -1 }),
    "an index as text": answer({ content: "a" }, { index: "0" }),
    "a huge index": answer({ content: "a" }, { index: 1e20 }),
    "tool calls as an object": answer({ tool_calls: {} }),
    "a tool call null": answer({ tool_calls: [null] }),
    "a tool call without a function": answer({ tool_calls: [{ id: "c" }] }),
    "a tool call without a name": answer({ tool_calls: [{ id: "c", function: { arguments: "{}" } }] }),
    "arguments as a number": answer({ tool_calls: [{ id: "c", function: { name: "f", arguments: 7 } }] }),
    "one good and one bad choice": { choices: [{ message: { content: "a" } }, { message: null }] },
  };
  for (const [name, body] of Object.entries(invalid)) {
    it(`takes ${name} for no answer`, () => {
      expect(readCompletion(body)).toBeUndefined();
    });
  }

  it("never throws, whatever JSON an upstream sends", () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    const body = fc.record({
      id: value,
      choices: fc.array(fc.record({ index: value, message: value, finish_reason: value, logprobs: value })),
      usage: value,
    });
    const message = fc.record({
      content: value,
      refusal: value,
      reasoning: value,
      thinking_blocks: value,
      tool_calls: fc.array(fc.record({ id: value, function: value })),
    });
    fc.assert(
      fc.property(
        fc.oneof(
          value,
          body,
          message.map((message) => answer(message)),
        ),
        (body) => {
          expect(() => readCompletion(body)).not.toThrow();
        },
      ),
      { numRuns: 500 },
    );
  });

  it("does not throw over arguments nested deeper than the stack", () => {
    const depth = 200_000;
    const deep = JSON.parse(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`);
    const body = answer({ tool_calls: [{ id: "c", function: { name: "f", arguments: deep } }] });
    expect(() => readCompletion(body)).not.toThrow();
  });

  it("reads back what was sent as an assistant's message", () => {
    const call = fc.record({
      id: fc.string({ minLength: 1 }),
      name: fc.string({ minLength: 1 }),
      argumentsJson: fc.string(),
    });
    const message = fc.record({
      reasoning: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
      signature: fc.option(fc.string({ minLength: 1, unit: "grapheme" }), { nil: undefined }),
      text: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
      refusal: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
      calls: fc.array(call, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(message, ({ reasoning, signature, text, refusal, calls }) => {
        const signed = signature === undefined ? new Uint8Array() : utf8(signature);
        const sent = [
          ...(reasoning === undefined
            ? []
            : [{ part: { case: "reasoning" as const, value: { text: reasoning, signature: signed } } }]),
          ...(text === undefined ? [] : [{ part: { case: "text" as const, value: text } }]),
          ...(refusal === undefined ? [] : [{ part: { case: "refusal" as const, value: refusal } }]),
          ...calls.map((value) => ({ part: { case: "toolCall" as const, value } })),
        ];
        fc.pre(text !== undefined || refusal !== undefined || calls.length > 0);
        const input = create(ChatInputSchema, { messages: [{ role: Role.ASSISTANT, parts: sent }] });
        const wire = JSON.parse(JSON.stringify(toChatCompletionBody("m", input, false)));
        expect(readCompletion(answer(wire.messages[0]))?.choices[0]?.message).toEqual(input.messages[0]);
      }),
    );
  });
});
