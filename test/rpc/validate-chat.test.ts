import { create, type MessageInitShape } from "@bufbuild/protobuf";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type ContentPartSchema,
  type MediaSchema,
  type MessageSchema,
  Role,
  ToolChoiceMode,
} from "../../gen/switchyard/v1/content_pb.ts";
import { ChatInputSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { chatInputProblems } from "../../src/rpc/validate-chat.ts";

type InputInit = MessageInitShape<typeof ChatInputSchema>;
type MessageInit = MessageInitShape<typeof MessageSchema>;
type PartInit = MessageInitShape<typeof ContentPartSchema>;
type MediaInit = MessageInitShape<typeof MediaSchema>;

function problems(init: InputInit) {
  return chatInputProblems(create(ChatInputSchema, init));
}

function fields(init: InputInit): readonly string[] {
  return problems(init).map(({ field }) => field);
}

const text = (value = "hi"): PartInit => ({ part: { case: "text", value } });
const call = (id: string): PartInit => ({
  part: { case: "toolCall", value: { id, name: "f", argumentsJson: "{nope" } },
});
const result = (toolCallId: string, ...parts: PartInit[]): PartInit => ({
  part: { case: "toolResult", value: { toolCallId, parts: parts.length === 0 ? [text()] : parts } },
});
const says = (role: Role, ...parts: PartInit[]): MessageInit => ({ role, parts });
const user = says(Role.USER, text());
const media = (kind: "image" | "audio" | "file", value: MediaInit): PartInit =>
  ({ part: { case: kind, value } }) as PartInit;
const inline = (mimeType: string, length = 3): MediaInit => ({
  source: { case: "inlineData", value: new Uint8Array(length) },
  mimeType,
});
const at = (uri: string, mimeType = ""): MediaInit => ({ source: { case: "uri", value: uri }, mimeType });
const tool = (name: string, parametersJsonSchema = ""): NonNullable<InputInit["tools"]>[number] => ({
  tool: { case: "function", value: { name, parametersJsonSchema } },
});

describe("chatInputProblems()", () => {
  const valid: Readonly<Record<string, InputInit>> = {
    "one question": { messages: [user] },
    "system messages alone": { messages: [says(Role.SYSTEM, text())] },
    "an empty text": { messages: [says(Role.USER, text(""))] },
    "a text beyond the basic plane": { messages: [says(Role.USER, text("😀 한국어"))] },
    "a prefill": { messages: [user, says(Role.ASSISTANT, text("{"))] },
    "everything an assistant says": {
      messages: [
        says(
          Role.ASSISTANT,
          { part: { case: "reasoning", value: { text: "hm" } } },
          text(),
          { part: { case: "refusal", value: "no" } },
          call("a"),
        ),
      ],
    },
    "calls answered in one message": {
      messages: [user, says(Role.ASSISTANT, call("a"), call("b")), says(Role.TOOL, result("b"), result("a"))],
    },
    "calls answered in several messages": {
      messages: [
        user,
        says(Role.ASSISTANT, call("a"), call("b")),
        says(Role.TOOL, result("a")),
        says(Role.TOOL, result("b")),
      ],
    },
    "an id used again in a later turn": {
      messages: [
        says(Role.ASSISTANT, call("a")),
        says(Role.TOOL, result("a")),
        says(Role.ASSISTANT, call("a")),
        says(Role.TOOL, result("a")),
      ],
    },
    "a picture as a tool's result": {
      messages: [
        says(Role.ASSISTANT, call("a")),
        says(Role.TOOL, result("a", text(), media("image", at("https://e.x/a.png")))),
      ],
    },
    "images in every form": {
      messages: [
        says(
          Role.USER,
          media("image", inline("image/png")),
          media("image", inline("IMAGE/JPEG; q=1")),
          media("image", at("https://e.x/a.png?b=c#d")),
          media("image", at("HTTPS://e.x/a")),
          media("image", at("data:image/png;base64,AAAA")),
          media("image", at("data:,x")),
          media("image", { source: { case: "fileId", value: "file-1" } }),
        ),
      ],
    },
    "sound and files": {
      messages: [
        says(
          Role.USER,
          media("audio", inline("audio/ogg; codecs=opus")),
          media("audio", at("data:audio/wav;base64,AAAA")),
          media("audio", at("https://e.x/a.mp3")),
          media("file", inline("application/vnd.openxmlformats-officedocument.wordprocessingml.document")),
          media("file", at("data:application/pdf;base64,AAAA")),
        ),
      ],
    },
    "tools with and without parameters": {
      messages: [user],
      tools: [tool("a"), tool("b", ' {"type":"object"} ')],
    },
    "a tool choice": {
      messages: [user],
      tools: [tool("a"), tool("b")],
      toolChoice: { mode: ToolChoiceMode.REQUIRED, allowedFunctionNames: ["a", "b"] },
    },
    "a choice of no tool where there is none": {
      messages: [user],
      toolChoice: { mode: ToolChoiceMode.NONE },
    },
    "a response format": {
      messages: [user],
      responseFormat: {
        format: { case: "jsonSchema", value: { name: "a", jsonSchema: '{"type":"object"}' } },
      },
    },
    "a logit bias": { messages: [user], generationConfig: { logitBias: { 1: -100, 2: 100, 3: 0.5 } } },
  };
  for (const [name, init] of Object.entries(valid)) {
    it(`has nothing against ${name}`, () => {
      expect(problems(init)).toEqual([]);
    });
  }

  const lone = "half \ud83d";
  const wrong: readonly { name: string; init: InputInit; expected: readonly string[] }[] = [
    {
      name: "a tool call of the user",
      init: { messages: [says(Role.USER, call("a"))] },
      expected: ["input.messages[0].parts[0].tool_call"],
    },
    {
      name: "reasoning of the user",
      init: { messages: [says(Role.USER, { part: { case: "reasoning", value: { text: "hm" } } })] },
      expected: ["input.messages[0].parts[0].reasoning"],
    },
    {
      name: "a refusal in a system message",
      init: { messages: [says(Role.SYSTEM, text(), { part: { case: "refusal", value: "no" } })] },
      expected: ["input.messages[0].parts[1].refusal"],
    },
    {
      name: "text in a tool's message",
      init: { messages: [says(Role.ASSISTANT, call("a")), says(Role.TOOL, result("a"), text())] },
      expected: ["input.messages[1].parts[1].text"],
    },
    {
      name: "a tool result of the user",
      init: { messages: [says(Role.ASSISTANT, call("a")), says(Role.USER, result("a"))] },
      expected: ["input.messages[1].parts[0].tool_result"],
    },
    {
      name: "a tool result without a call",
      init: { messages: [user, user, says(Role.TOOL, result("a"))] },
      expected: ["input.messages[2].parts[0].tool_result.tool_call_id"],
    },
    {
      name: "a tool result before its call",
      init: { messages: [says(Role.TOOL, result("a")), says(Role.ASSISTANT, call("a"))] },
      expected: ["input.messages[0].parts[0].tool_result.tool_call_id"],
    },
    {
      name: "two calls of one id",
      init: { messages: [says(Role.ASSISTANT, call("a"), call("a"))] },
      expected: ["input.messages[0].parts[1].tool_call.id"],
    },
    {
      name: "a tool call inside a result",
      init: { messages: [says(Role.ASSISTANT, call("a")), says(Role.TOOL, result("a", call("b")))] },
      expected: ["input.messages[1].parts[0].tool_result.parts[0]"],
    },
    {
      name: "a result inside a result",
      init: { messages: [says(Role.ASSISTANT, call("a")), says(Role.TOOL, result("a", result("a")))] },
      expected: ["input.messages[1].parts[0].tool_result.parts[0]"],
    },
    {
      name: "a part without content",
      init: { messages: [says(Role.USER, {})] },
      expected: ["input.messages[0].parts[0]"],
    },
    {
      name: "half a surrogate pair",
      init: {
        messages: [{ ...says(Role.USER, text(lone)), name: lone }],
        endUserId: lone,
        generationConfig: { stopSequences: ["a", lone] },
      },
      expected: [
        "input.messages[0].name",
        "input.messages[0].parts[0].text",
        "input.generation_config.stop_sequences[1]",
        "input.end_user_id",
      ],
    },
    {
      name: "bytes without a type",
      init: { messages: [says(Role.USER, media("image", inline("")))] },
      expected: ["input.messages[0].parts[0].image.mime_type"],
    },
    {
      name: "no bytes",
      init: { messages: [says(Role.USER, media("file", inline("text/plain", 0)))] },
      expected: ["input.messages[0].parts[0].file.inline_data"],
    },
    {
      name: "a type that is none",
      init: { messages: [says(Role.USER, media("image", inline("png")))] },
      expected: ["input.messages[0].parts[0].image.mime_type"],
    },
    {
      name: "a type that would break out of a data: URI",
      init: { messages: [says(Role.USER, media("file", inline("text/plain;base64,QUJD")))] },
      expected: ["input.messages[0].parts[0].file.mime_type"],
    },
    {
      name: "a type of another kind",
      init: { messages: [says(Role.USER, media("audio", inline("image/png")))] },
      expected: ["input.messages[0].parts[0].audio.mime_type"],
    },
    {
      name: "a data: URI of another kind",
      init: { messages: [says(Role.USER, media("image", at("data:text/html;base64,AAAA")))] },
      expected: ["input.messages[0].parts[0].image.uri"],
    },
    {
      name: "an empty data: URI",
      init: { messages: [says(Role.USER, media("image", at("data:image/png;base64,")))] },
      expected: ["input.messages[0].parts[0].image.uri"],
    },
    ...[
      "http://e.x/a.png",
      "file:///etc/passwd",
      "gs://b/a",
      "javascript:alert(1)",
      "/a.png",
      " https://e.x/a",
      "https://",
      "data:image/png",
      "",
    ].map((uri) => ({
      name: `the URI ${JSON.stringify(uri)}`,
      init: { messages: [says(Role.USER, media("image", at(uri)))] },
      expected: ["input.messages[0].parts[0].image.uri"],
    })),
    {
      name: "an empty file id",
      init: { messages: [says(Role.USER, media("file", { source: { case: "fileId", value: "" } }))] },
      expected: ["input.messages[0].parts[0].file.file_id"],
    },
    {
      name: "media without a source in a tool result",
      init: { messages: [says(Role.ASSISTANT, call("a")), says(Role.TOOL, result("a", media("image", {})))] },
      expected: ["input.messages[1].parts[0].tool_result.parts[0].image"],
    },
    {
      name: "two tools of one name",
      init: { messages: [user], tools: [tool("a"), tool("b"), tool("a")] },
      expected: ["input.tools[2].function.name"],
    },
    ...[
      "{",
      "null",
      "[]",
      '"object"',
      "1",
      " ",
      '{"a":}',
      `${'{"a":'.repeat(200)}1${"}".repeat(200)}`,
      "[".repeat(200_000),
    ].map((schema) => ({
      name: `the schema ${schema.slice(0, 20)}`,
      init: {
        messages: [user],
        tools: [tool("a", schema)],
        responseFormat: { format: { case: "jsonSchema" as const, value: { name: "b", jsonSchema: schema } } },
      },
      expected: [
        "input.tools[0].function.parameters_json_schema",
        "input.response_format.json_schema.json_schema",
      ],
    })),
    {
      name: "a choice among unknown functions",
      init: {
        messages: [user],
        tools: [tool("a")],
        toolChoice: { mode: ToolChoiceMode.AUTO, allowedFunctionNames: ["a", "b", "toString"] },
      },
      expected: [
        "input.tool_choice.allowed_function_names[1]",
        "input.tool_choice.allowed_function_names[2]",
      ],
    },
    {
      name: "a required call without tools",
      init: { messages: [user], toolChoice: { mode: ToolChoiceMode.REQUIRED } },
      expected: ["input.tool_choice.mode"],
    },
    {
      name: "a logit bias that is no number",
      init: { messages: [user], generationConfig: { logitBias: { 7: Number.NaN, 8: 101 } } },
      expected: ["input.generation_config.logit_bias[7]", "input.generation_config.logit_bias[8]"],
    },
  ];
  for (const { name, init, expected } of wrong) {
    it(`names ${name}`, () => {
      expect(fields(init)).toEqual(expected);
    });
  }

  it("says what to change in words that fit into an error's details", () => {
    const all = wrong.flatMap(({ init }) => problems(init));
    expect(all.filter(({ description }) => description.length > 120)).toEqual([]);
  });

  it("echoes no text of the caller", () => {
    const secret = "sw0rdfish";
    const schema = `{"${secret}": ${secret}}`;
    const said = problems({
      messages: [
        says(Role.TOOL, result(secret), text(secret)),
        says(Role.USER, media("image", at(`ftp://${secret}`, secret))),
      ],
      tools: [tool(secret, schema), tool(secret, `{"a":"${secret}"`)],
      toolChoice: { mode: ToolChoiceMode.AUTO, allowedFunctionNames: ["x"] },
      responseFormat: { format: { case: "jsonSchema", value: { name: "b", jsonSchema: secret } } },
    });
    expect(said.length).toBeGreaterThan(6);
    expect(JSON.stringify(said)).not.toContain(secret.slice(0, 4));
  });

  it("stops at 32 problems, however many there are", () => {
    const parts = Array.from({ length: 1000 }, () => call("a"));
    expect(problems({ messages: Array.from({ length: 200 }, () => says(Role.USER, ...parts)) })).toHaveLength(
      32,
    );
  });

  it("never throws, whatever the roles, parts and texts", () => {
    const part = fc.oneof(
      fc.string({ unit: "binary" }).map(text),
      fc.constantFrom("a", "b", "").map(call),
      fc.constantFrom("a", "b", "").map((id) => result(id, text(), call("a"))),
      fc
        .tuple(fc.constantFrom("image" as const, "audio" as const, "file" as const), fc.webUrl(), fc.string())
        .map(([kind, uri, type]) => media(kind, at(uri, type))),
      fc.constant<PartInit>({}),
    );
    const message = fc.record({
      role: fc.nat(9).map((role) => role as Role),
      parts: fc.array(part, { maxLength: 4 }),
    });
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 6 }),
        fc.array(fc.tuple(fc.string(), fc.json())),
        (messages, tools) => {
          const init = { messages, tools: tools.map(([name, schema]) => tool(name, schema)) };
          expect(() => problems(init)).not.toThrow();
        },
      ),
    );
  });
});
