import { create, type MessageInitShape } from "@bufbuild/protobuf";
import * as fc from "fast-check";
import { OpenAI } from "openai";
import { describe, expect, it } from "vitest";
import {
  type GenerationConfigSchema,
  ImageDetail,
  type MessageSchema,
  ReasoningEffort,
  Role,
  ToolChoiceMode,
} from "../../gen/switchyard/v1/content_pb.ts";
import { ChatInputSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { toChatCompletionBody } from "../../src/upstream/chat-request.ts";

type InputInit = MessageInitShape<typeof ChatInputSchema>;
type MessageInit = MessageInitShape<typeof MessageSchema>;
type ConfigInit = MessageInitShape<typeof GenerationConfigSchema>;

/** The body as it goes over the wire. */
function body(init: InputInit, model = "some/model", stream = false) {
  return JSON.parse(JSON.stringify(toChatCompletionBody(model, create(ChatInputSchema, init), stream)));
}

const user: MessageInit = { role: Role.USER, parts: [{ part: { case: "text", value: "hi" } }] };
const bytes = Uint8Array.of(1, 2, 3, 255);
const base64 = "AQID/w==";

function text(value: string) {
  return { part: { case: "text" as const, value } };
}

const tool = (name: string, parametersJsonSchema = "") => ({
  tool: { case: "function" as const, value: { name, parametersJsonSchema } },
});

const format = (init: InputInit["responseFormat"]) =>
  body({ messages: [user], responseFormat: init! }).response_format;

describe("toChatCompletionBody()", () => {
  it("sends model and messages alone when the caller set nothing else", () => {
    expect(body({ messages: [user] })).toEqual({
      model: "some/model",
      messages: [{ role: "user", content: "hi" }],
    });
  });

  it("asks a stream for its usage", () => {
    expect(body({ messages: [user] }, "m", true)).toMatchObject({
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  describe("messages", () => {
    const cases: readonly { name: string; message: MessageInit; expected: readonly object[] }[] = [
      {
        name: "name the role system",
        message: { role: Role.SYSTEM, parts: [text("be brief")] },
        expected: [{ role: "system", content: "be brief" }],
      },
      {
        name: "name the role developer, and the participant",
        message: { role: Role.DEVELOPER, name: "ops", parts: [text("be brief")] },
        expected: [{ role: "developer", content: "be brief", name: "ops" }],
      },
      {
        name: "keep several texts apart and in order",
        message: { role: Role.USER, parts: [text("a"), text(""), text("b")] },
        expected: [
          {
            role: "user",
            content: [
              { type: "text", text: "a" },
              { type: "text", text: "" },
              { type: "text", text: "b" },
            ],
          },
        ],
      },
      {
        name: "send an inline image as a data: URI with its detail",
        message: {
          role: Role.USER,
          parts: [
            text("what?"),
            {
              part: {
                case: "image",
                value: {
                  source: { case: "inlineData", value: bytes },
                  mimeType: "image/png",
                  imageDetail: ImageDetail.LOW,
                },
              },
            },
          ],
        },
        expected: [
          {
            role: "user",
            content: [
              { type: "text", text: "what?" },
              { type: "image_url", image_url: { url: `data:image/png;base64,${base64}`, detail: "low" } },
            ],
          },
        ],
      },
      {
        name: "pass an image's URI on, without a detail that was not asked for",
        message: {
          role: Role.USER,
          parts: [
            { part: { case: "image", value: { source: { case: "uri", value: "https://e.x/a.png" } } } },
          ],
        },
        expected: [
          { role: "user", content: [{ type: "image_url", image_url: { url: "https://e.x/a.png" } }] },
        ],
      },
      {
        name: "send inline sound with its format",
        message: {
          role: Role.USER,
          parts: [
            {
              part: {
                case: "audio",
                value: { source: { case: "inlineData", value: bytes }, mimeType: "audio/mpeg" },
              },
            },
          ],
        },
        expected: [
          { role: "user", content: [{ type: "input_audio", input_audio: { data: base64, format: "mp3" } }] },
        ],
      },
      {
        name: "take a data: URI of sound apart",
        message: {
          role: Role.USER,
          parts: [
            {
              part: {
                case: "audio",
                value: { source: { case: "uri", value: `data:audio/x-wav;base64,${base64}` } },
              },
            },
          ],
        },
        expected: [
          { role: "user", content: [{ type: "input_audio", input_audio: { data: base64, format: "wav" } }] },
        ],
      },
      {
        name: "send an inline file with its name",
        message: {
          role: Role.USER,
          parts: [
            {
              part: {
                case: "file",
                value: {
                  source: { case: "inlineData", value: bytes },
                  mimeType: "application/pdf",
                  filename: "a.pdf",
                },
              },
            },
          ],
        },
        expected: [
          {
            role: "user",
            content: [
              {
                type: "file",
                file: { file_data: `data:application/pdf;base64,${base64}`, filename: "a.pdf" },
              },
            ],
          },
        ],
      },
      {
        name: "refer to an uploaded file by its id",
        message: {
          role: Role.USER,
          parts: [{ part: { case: "file", value: { source: { case: "fileId", value: "file-1" } } } }],
        },
        expected: [{ role: "user", content: [{ type: "file", file: { file_id: "file-1" } }] }],
      },
      {
        name: "keep tool calls verbatim, invalid JSON too, with content null beside them",
        message: {
          role: Role.ASSISTANT,
          parts: [
            { part: { case: "toolCall", value: { id: "c1", name: "f", argumentsJson: '{"a": 1.0,}' } } },
            { part: { case: "toolCall", value: { id: "c2", name: "g", argumentsJson: "" } } },
          ],
        },
        expected: [
          {
            role: "assistant",
            content: null,
            tool_calls: [
              { id: "c1", type: "function", function: { name: "f", arguments: '{"a": 1.0,}' } },
              { id: "c2", type: "function", function: { name: "g", arguments: "" } },
            ],
          },
        ],
      },
      {
        name: "send text, reasoning, refusal and tool call of an assistant in the place of each",
        message: {
          role: Role.ASSISTANT,
          parts: [
            { part: { case: "reasoning", value: { text: "hm" } } },
            text("well"),
            { part: { case: "refusal", value: "no" } },
            { part: { case: "toolCall", value: { id: "c1", name: "f", argumentsJson: "{}" } } },
          ],
        },
        expected: [
          {
            role: "assistant",
            content: "well",
            refusal: "no",
            reasoning_content: "hm",
            tool_calls: [{ id: "c1", type: "function", function: { name: "f", arguments: "{}" } }],
          },
        ],
      },
      {
        name: "return signed and redacted reasoning as thinking blocks",
        message: {
          role: Role.ASSISTANT,
          parts: [
            {
              part: {
                case: "reasoning",
                value: { text: "hm", signature: new TextEncoder().encode("sig==") },
              },
            },
            {
              part: {
                case: "reasoning",
                value: { signature: new TextEncoder().encode("opaque"), redacted: true },
              },
            },
            text("well"),
          ],
        },
        expected: [
          {
            role: "assistant",
            content: "well",
            reasoning_content: "hm",
            thinking_blocks: [
              { type: "thinking", thinking: "hm", signature: "sig==" },
              { type: "redacted_thinking", data: "opaque" },
            ],
          },
        ],
      },
      {
        name: "make one message of each tool result, with errors marked and media kept",
        message: {
          role: Role.TOOL,
          parts: [
            { part: { case: "toolResult", value: { toolCallId: "c1", parts: [text("42")] } } },
            {
              part: {
                case: "toolResult",
                value: { toolCallId: "c2", isError: true, parts: [text("no such city")] },
              },
            },
            {
              part: {
                case: "toolResult",
                value: {
                  toolCallId: "c3",
                  isError: true,
                  parts: [
                    { part: { case: "image", value: { source: { case: "uri", value: "https://e.x/i" } } } },
                  ],
                },
              },
            },
          ],
        },
        expected: [
          { role: "tool", tool_call_id: "c1", content: "42" },
          { role: "tool", tool_call_id: "c2", content: "[tool error] no such city" },
          {
            role: "tool",
            tool_call_id: "c3",
            content: [
              { type: "text", text: "[tool error]" },
              { type: "image_url", image_url: { url: "https://e.x/i" } },
            ],
          },
        ],
      },
    ];
    it.each(cases.map((row) => [row.name, row] as const))("%s", (_, { message, expected }) => {
      expect(body({ messages: [message] }).messages).toEqual(expected);
    });

    it("send the bytes of a view and nothing around them", () => {
      const view = Uint8Array.of(9, 9, 1, 2, 3, 255, 9).subarray(2, 6);
      const media = { source: { case: "inlineData" as const, value: view }, mimeType: "image/gif" };
      const sent = body({
        messages: [{ role: Role.USER, parts: [{ part: { case: "image", value: media } }] }],
      });
      expect(sent.messages[0].content[0].image_url.url).toBe(`data:image/gif;base64,${base64}`);
    });

    const formats = [
      ["audio/wav", "wav"],
      ["audio/vnd.wave", "wav"],
      ["AUDIO/X-WAV; rate=16000", "wav"],
      ["audio/mp3", "mp3"],
      ["audio/flac", "flac"],
      ["audio/ogg; codecs=opus", "ogg"],
      ["audio/L16", "pcm16"],
    ];
    for (const [mimeType, format] of formats) {
      it(`call sound of type ${mimeType} ${format}`, () => {
        const value = { source: { case: "inlineData" as const, value: bytes }, mimeType: mimeType! };
        const sent = body({ messages: [{ role: Role.USER, parts: [{ part: { case: "audio", value } }] }] });
        expect(sent.messages[0].content[0].input_audio.format).toBe(format);
      });
    }
  });

  describe("generation config", () => {
    const cases: readonly { name: string; config: ConfigInit; expected: object; model?: string }[] = [
      {
        name: "keeps 0.7 as 0.7",
        config: { temperature: 0.7, topP: 0.1 },
        expected: { temperature: 0.7, top_p: 0.1 },
      },
      {
        name: "sends what is set to zero",
        config: { temperature: 0, frequencyPenalty: 0, presencePenalty: 0, seed: 0n },
        expected: { temperature: 0, frequency_penalty: 0, presence_penalty: 0, seed: 0 },
      },
      { name: "limits output by max_tokens", config: { maxOutputTokens: 9 }, expected: { max_tokens: 9 } },
      ...["o3", "openai/o4-mini", "openai/gpt-5-mini", "gpt-5.1"].map((model) => ({
        name: `limits output of ${model} by max_completion_tokens`,
        config: { maxOutputTokens: 9 },
        expected: { max_completion_tokens: 9 },
        model,
      })),
      ...["openai/gpt-4o", "openai/gpt-4.1", "deepseek/deepseek-reasoner", "olmo-2"].map((model) => ({
        name: `limits output of ${model} by max_tokens`,
        config: { maxOutputTokens: 9 },
        expected: { max_tokens: 9 },
        model,
      })),
      {
        name: "sends stop sequences, choices, top_k",
        config: { stopSequences: ["\n\n"], candidateCount: 2, topK: 40 },
        expected: { stop: ["\n\n"], n: 2, top_k: 40 },
      },
      {
        name: "asks for the chosen token's logprob alone",
        config: { topLogprobs: 0 },
        expected: { logprobs: true, top_logprobs: 0 },
      },
      {
        name: "asks for alternatives",
        config: { topLogprobs: 5 },
        expected: { logprobs: true, top_logprobs: 5 },
      },
      {
        name: "sends the logit bias by token",
        config: { logitBias: { 50256: -100, 3: 0.5 } },
        expected: { logit_bias: { "50256": -100, "3": 0.5 } },
      },
      {
        name: "sends the reasoning effort",
        config: { reasoningEffort: ReasoningEffort.MINIMAL },
        expected: { reasoning_effort: "minimal" },
      },
      {
        name: "sends a reasoning budget as the extension thinking",
        config: { reasoningBudgetTokens: 2048 },
        expected: { thinking: { type: "enabled", budget_tokens: 2048 } },
      },
      {
        name: "turns reasoning off with a budget of 0",
        config: { reasoningBudgetTokens: 0 },
        expected: { thinking: { type: "disabled" } },
      },
      {
        name: "leaves parallel_tool_calls out where there are no tools",
        config: { parallelToolCalls: false },
        expected: {},
      },
    ];
    it.each(cases.map((row) => [row.name, row] as const))("%s", (_name, { config, expected, model }) => {
      const { model: _, messages: __, ...rest } = body({ messages: [user], generationConfig: config }, model);
      expect(rest).toEqual(expected);
    });

    it("sends every digit of a seed", () => {
      fc.assert(
        fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (seed) => {
          const input = create(ChatInputSchema, { messages: [user], generationConfig: { seed } });
          expect(JSON.stringify(toChatCompletionBody("m", input, false))).toContain(`"seed":${seed}`);
        }),
      );
    });
  });

  describe("tools", () => {
    it("carry description, schema and strictness where set", () => {
      const value = {
        name: "f",
        description: "does f",
        parametersJsonSchema: '{"type":"object"}',
        strict: false,
      };
      expect(body({ messages: [user], tools: [{ tool: { case: "function", value } }] }).tools).toEqual([
        {
          type: "function",
          function: { name: "f", description: "does f", parameters: { type: "object" }, strict: false },
        },
      ]);
    });

    it("leave out what is not set", () => {
      expect(body({ messages: [user], tools: [tool("f")] }).tools).toEqual([
        { type: "function", function: { name: "f" } },
      ]);
    });

    for (const schema of ["", "{", "null", "[]", '"x"', "[".repeat(60_000)]) {
      it(`do not throw over the schema ${schema.slice(0, 8)}`, () => {
        expect(body({ messages: [user], tools: [tool("f", schema)] }).tools[0].function).toEqual({
          name: "f",
        });
      });
    }

    const choices = [
      { name: "any", mode: ToolChoiceMode.AUTO, names: [], expected: "auto" },
      { name: "none", mode: ToolChoiceMode.NONE, names: ["a"], expected: "none" },
      { name: "some", mode: ToolChoiceMode.REQUIRED, names: [], expected: "required" },
      {
        name: "one by name",
        mode: ToolChoiceMode.REQUIRED,
        names: ["a", "a"],
        expected: { type: "function", function: { name: "a" } },
      },
      {
        name: "one of several",
        mode: ToolChoiceMode.REQUIRED,
        names: ["b", "a"],
        expected: {
          type: "allowed_tools",
          allowed_tools: {
            mode: "required",
            tools: [
              { type: "function", function: { name: "b" } },
              { type: "function", function: { name: "a" } },
            ],
          },
        },
      },
      {
        name: "none or a certain one",
        mode: ToolChoiceMode.AUTO,
        names: ["a"],
        expected: {
          type: "allowed_tools",
          allowed_tools: { mode: "auto", tools: [{ type: "function", function: { name: "a" } }] },
        },
      },
    ];
    for (const { name, mode, names, expected } of choices) {
      it(`may be chosen: ${name}`, () => {
        const sent = body({
          messages: [user],
          tools: [tool("a"), tool("b"), tool("c")],
          toolChoice: { mode, allowedFunctionNames: names },
          generationConfig: { parallelToolCalls: true },
        });
        expect(sent).toMatchObject({ tool_choice: expected, parallel_tool_calls: true });
      });
    }

    it("are not chosen where there are none", () => {
      expect(body({ messages: [user], toolChoice: { mode: ToolChoiceMode.AUTO } })).not.toHaveProperty(
        "tool_choice",
      );
    });
  });

  describe("response format", () => {
    it("is text or a JSON object", () => {
      expect(format({ format: { case: "text", value: {} } })).toEqual({ type: "text" });
      expect(format({ format: { case: "jsonObject", value: {} } })).toEqual({ type: "json_object" });
    });

    it("is a JSON Schema under its name", () => {
      const value = { name: "answer", jsonSchema: '{"type":"object","properties":{}}', strict: true };
      expect(
        body({ messages: [user], responseFormat: { format: { case: "jsonSchema", value } } }).response_format,
      ).toEqual({
        type: "json_schema",
        json_schema: { name: "answer", schema: { type: "object", properties: {} }, strict: true },
      });
    });
  });

  it("reaches the wire through the SDK as it was written", async () => {
    const schema = '{"properties":{"2":{"minimum":1.0},"1":{}},"maximum":12345678901234567890}';
    const input = create(ChatInputSchema, {
      messages: [user],
      generationConfig: { temperature: 0.7, seed: 2n ** 63n - 1n },
      tools: [tool("f", schema)],
    });
    let sent: unknown;
    const client = new OpenAI({
      apiKey: "unused",
      fetch: async (_url, init) => {
        sent = init?.body;
        return Response.json({ choices: [] });
      },
    });
    await client.chat.completions.create(toChatCompletionBody("m", input, false));
    expect(sent).toContain(`"parameters":${schema}`);
    expect(sent).toContain('"temperature":0.7,');
    expect(sent).toContain('"seed":9223372036854775807');
  });

  it("names the end user", () => {
    expect(body({ messages: [user], endUserId: "u-1" })).toMatchObject({ user: "u-1" });
  });
});
