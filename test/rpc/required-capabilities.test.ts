import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { type ContentPartSchema, ReasoningEffort, Role } from "../../gen/switchyard/v1/content_pb.ts";
import { ChatInputSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { requiredCapabilities } from "../../src/rpc/required-capabilities.ts";

type InputInit = MessageInitShape<typeof ChatInputSchema>;
type PartInit = MessageInitShape<typeof ContentPartSchema>;

const media = { source: { case: "fileId" as const, value: "f" } };
const user = (...parts: PartInit[]) => ({ role: Role.USER, parts });
const text: PartInit = { part: { case: "text", value: "hi" } };

describe("requiredCapabilities()", () => {
  const cases: readonly { name: string; init: InputInit; expected: readonly string[] }[] = [
    { name: "needs nothing for text", init: { messages: [user(text)] }, expected: [] },
    {
      name: "needs vision for an image",
      init: { messages: [user(text, { part: { case: "image", value: media } })] },
      expected: ["vision"],
    },
    {
      name: "needs audio and file for these, once each",
      init: {
        messages: [
          user(
            { part: { case: "audio", value: media } },
            { part: { case: "file", value: media } },
            { part: { case: "file", value: media } },
          ),
        ],
      },
      expected: ["audio", "file"],
    },
    {
      name: "needs vision for an image in a tool's result",
      init: {
        messages: [
          {
            role: Role.TOOL,
            parts: [
              {
                part: {
                  case: "toolResult",
                  value: { toolCallId: "a", parts: [{ part: { case: "image", value: media } }] },
                },
              },
            ],
          },
        ],
      },
      expected: ["vision"],
    },
    {
      name: "needs tools where some are offered",
      init: { messages: [user(text)], tools: [{ tool: { case: "function", value: { name: "f" } } }] },
      expected: ["tools"],
    },
    {
      name: "needs nothing for the text format",
      init: { messages: [user(text)], responseFormat: { format: { case: "text", value: {} } } },
      expected: [],
    },
    {
      name: "needs json_object",
      init: { messages: [user(text)], responseFormat: { format: { case: "jsonObject", value: {} } } },
      expected: ["json_object"],
    },
    {
      name: "needs json_schema",
      init: {
        messages: [user(text)],
        responseFormat: { format: { case: "jsonSchema", value: { name: "a", jsonSchema: "{}" } } },
      },
      expected: ["json_schema"],
    },
    {
      name: "needs reasoning for an effort",
      init: { messages: [user(text)], generationConfig: { reasoningEffort: ReasoningEffort.MINIMAL } },
      expected: ["reasoning"],
    },
    {
      name: "needs nothing to ask for no effort",
      init: {
        messages: [user(text)],
        generationConfig: { reasoningEffort: ReasoningEffort.NONE, reasoningBudgetTokens: 0 },
      },
      expected: [],
    },
    {
      name: "needs reasoning for a budget",
      init: { messages: [user(text)], generationConfig: { reasoningBudgetTokens: 1 } },
      expected: ["reasoning"],
    },
    {
      name: "needs prefill where the assistant speaks last",
      init: { messages: [user(text), { role: Role.ASSISTANT, parts: [text] }] },
      expected: ["prefill"],
    },
    {
      name: "needs no prefill where the assistant spoke before",
      init: { messages: [{ role: Role.ASSISTANT, parts: [text] }, user(text)] },
      expected: [],
    },
  ];
  it.each(cases.map((row) => [row.name, row] as const))("%s", (_, { init, expected }) => {
    expect([...requiredCapabilities(create(ChatInputSchema, init))]).toEqual(expected);
  });
});
