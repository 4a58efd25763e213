import type { ChatCompletionMessageParam } from "openai/resources/chat/completions";
import {
  type ContentPart,
  type Message,
  type Reasoning,
  Role,
  type ToolCall,
  type ToolResult,
} from "../../gen/switchyard/v1/content_pb.ts";
import { toAudioPart, toFilePart, toImagePart, type WireMediaPart } from "./media-parts.ts";
import { toReasoningFields } from "./reasoning-fields.ts";

/**
 * Put in front of a failed tool's result: the OpenAI API has no field for it, and a model that is not told
 * takes the text for an answer.
 */
const toolErrorMark = "[tool error] ";

type WirePart = WireMediaPart | { readonly type: "text"; readonly text: string };

function toContentPart({ part }: ContentPart): WirePart | undefined {
  switch (part.case) {
    case "text":
      return { type: "text", text: part.value };
    case "image":
      return toImagePart(part.value);
    case "audio":
      return toAudioPart(part.value);
    case "file":
      return toFilePart(part.value);
    case "toolCall":
    case "toolResult":
    case "reasoning":
    case "refusal":
    case undefined:
      break;
  }
  return undefined;
}

function toContentParts(parts: readonly ContentPart[]): WirePart[] {
  const content: WirePart[] = [];
  for (const part of parts) {
    const wire = toContentPart(part);
    if (wire !== undefined) content.push(wire);
  }
  return content;
}

/**
 * A plain string where there is one text and nothing else: many compatible upstreams take no array. Undefined
 * where the parts hold no content.
 */
function toContent(parts: readonly ContentPart[], prefix = ""): string | WirePart[] | undefined {
  const only = parts.length === 1 ? parts[0]?.part : undefined;
  // Nearly every message: no part is made for it.
  if (only?.case === "text") return prefix + only.value;
  const content = toContentParts(parts);
  const first = content[0];
  if (first === undefined) return undefined;
  if (content.length === 1 && first.type === "text") {
    return prefix + first.text;
  }
  return prefix === "" ? content : [{ type: "text", text: prefix.trim() }, ...content];
}

function toToolMessage(result: ToolResult): object {
  const prefix = result.isError ? toolErrorMark : "";
  return {
    role: "tool",
    tool_call_id: result.toolCallId,
    content: toContent(result.parts, prefix) ?? prefix,
  };
}

function toToolCall({ id, name, argumentsJson }: ToolCall): object {
  return { id, type: "function", function: { name, arguments: argumentsJson } };
}

function toAssistantMessage(message: Message): object {
  const toolCalls: object[] = [];
  const reasoning: Reasoning[] = [];
  let refusal: string | undefined;
  for (const { part } of message.parts) {
    if (part.case === "toolCall") toolCalls.push(toToolCall(part.value));
    else if (part.case === "reasoning") reasoning.push(part.value);
    else if (part.case === "refusal") refusal = (refusal ?? "") + part.value;
  }
  return {
    role: "assistant",
    // null, as in the API's own answers, not left out: several compatible servers demand the key.
    content: toContent(message.parts) ?? null,
    ...(message.name === undefined ? undefined : { name: message.name }),
    ...(refusal === undefined ? undefined : { refusal }),
    ...(reasoning.length === 0 ? undefined : toReasoningFields(reasoning)),
    ...(toolCalls.length === 0 ? undefined : { tool_calls: toolCalls }),
  };
}

function toContentMessage(role: "system" | "developer" | "user", { parts, name }: Message): object {
  const content = toContent(parts) ?? "";
  return name === undefined ? { role, content } : { role, content, name };
}

function addMessage(wire: object[], message: Message): void {
  switch (message.role) {
    case Role.SYSTEM:
      wire.push(toContentMessage("system", message));
      break;
    case Role.DEVELOPER:
      wire.push(toContentMessage("developer", message));
      break;
    case Role.USER:
      wire.push(toContentMessage("user", message));
      break;
    case Role.ASSISTANT:
      wire.push(toAssistantMessage(message));
      break;
    case Role.TOOL:
      for (const { part } of message.parts) {
        if (part.case === "toolResult") wire.push(toToolMessage(part.value));
      }
      break;
    default:
      // An unset or future role: `rpc` has refused it.
      break;
  }
}

/**
 * The `messages` of a request. A conversation keeps its order; within an assistant message the API has one
 * place each for content, refusal, reasoning and tool calls. Several results in one message become several.
 */
export function toChatMessages(messages: readonly Message[]): ChatCompletionMessageParam[] {
  const wire: object[] = [];
  for (const message of messages) addMessage(wire, message);
  // Wider than the SDK's types: media in every role, other audio formats, reasoning. The upstream judges.
  return wire as ChatCompletionMessageParam[];
}
