import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { Role } from "../../gen/switchyard/v1/content_pb.ts";
import { ChatRequestSchema, ChatStreamRequestSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";

// The same words for everyone, in whatever form they ask.
const system = "You answer questions on the grammar of Korean in one short paragraph.";
const question = "When do I use the particle 은 and when 이, and does the difference matter in speech?";
const maxOutputTokens = 256;
const temperature = 0.2;

/** A `ChatRequest` for this model. */
export function chatBody(model: string, format: "proto" | "json"): Buffer {
  const request = create(ChatRequestSchema, requestOf(model));
  return format === "proto"
    ? Buffer.from(toBinary(ChatRequestSchema, request))
    : Buffer.from(toJsonString(ChatRequestSchema, request));
}

/** A `ChatStreamRequest` for this model. */
export function chatStreamBody(model: string): Buffer {
  return Buffer.from(toBinary(ChatStreamRequestSchema, create(ChatStreamRequestSchema, requestOf(model))));
}

/** The body of `POST /v1/chat/completions`. */
export function openAiBody(model: string, stream: boolean): Buffer {
  const messages = [
    { role: "system", content: system },
    { role: "user", content: question },
  ];
  const body = { model, messages, temperature, max_tokens: maxOutputTokens };
  return Buffer.from(
    JSON.stringify(stream ? { ...body, stream, stream_options: { include_usage: true } } : body),
  );
}

function requestOf(model: string) {
  return {
    target: { target: { case: "model" as const, value: model } },
    input: {
      messages: [textMessage(Role.SYSTEM, system), textMessage(Role.USER, question)],
      generationConfig: { maxOutputTokens, temperature },
    },
  };
}

function textMessage(role: Role, value: string) {
  return { role, parts: [{ part: { case: "text" as const, value } }] };
}
