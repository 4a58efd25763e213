import type { ChatCompletionMessageParam } from "openai/resources/chat/completions";
import { type ContentPart, type Message, Role, type ToolResult } from "../../gen/switchyard/v1/content_pb.ts";
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

/** A plain string where there is one text and nothing else: many compatible upstreams take no array. */
function toContent(parts: readonly ContentPart[], prefix = ""): string | WirePart[] {
  const content = parts.map(toContentPart).filter((part) => part !== undefined);
  const [first] = content;
  if (first === undefined) {
    return prefix;
  }
  if (content.length === 1 && first.type === "text") {
    return prefix + first.text;
  }
  return prefix === "" ? content : [{ type: "text", text: prefix.trim() }, ...content];
}

function toToolMessage(result: ToolResult) {
  return {
    role: "tool",
    tool_call_id: result.toolCallId,
    content: toContent(result.parts, result.isError ? toolErrorMark : ""),
  };
}

function toAssistantMessage(message: Message) {
  const values = message.parts.map(({ part }) => part);
  const toolCalls = values.filter((part) => part.case === "toolCall").map(({ value }) => value);
  const refusals = values.filter((part) => part.case === "refusal").map(({ value }) => value);
  const reasoning = values.filter((part) => part.case === "reasoning").map(({ value }) => value);
  const hasContent = message.parts.some((part) => toContentPart(part) !== undefined);
  return {
    role: "assistant",
    // null, as in the API's own answers, not left out: several compatible servers demand the key.
    content: hasContent ? toContent(message.parts) : null,
    ...(message.name === undefined ? {} : { name: message.name }),
    ...(refusals.length === 0 ? {} : { refusal: refusals.join("") }),
    ...toReasoningFields(reasoning),
    ...(toolCalls.length === 0
      ? {}
      : {
          tool_calls: toolCalls.map(({ id, name, argumentsJson }) => ({
            id,
            type: "function",
            function: { name, arguments: argumentsJson },
          })),
        }),
  };
}

function toMessage(message: Message): readonly object[] {
  const named = message.name === undefined ? {} : { name: message.name };
  switch (message.role) {
    case Role.SYSTEM:
      return [{ role: "system", content: toContent(message.parts), ...named }];
    case Role.DEVELOPER:
      return [{ role: "developer", content: toContent(message.parts), ...named }];
    case Role.USER:
      return [{ role: "user", content: toContent(message.parts), ...named }];
    case Role.ASSISTANT:
      return [toAssistantMessage(message)];
    case Role.TOOL:
      return message.parts.flatMap(({ part }) =>
        part.case === "toolResult" ? [toToolMessage(part.value)] : [],
      );
    default:
      // An unset or future role: `rpc` has refused it.
      return [];
  }
}

/**
 * The `messages` of a request. A conversation keeps its order; within an assistant message the API has one
 * place each for content, refusal, reasoning and tool calls. Several results in one message become several.
 */
export function toChatMessages(messages: readonly Message[]): ChatCompletionMessageParam[] {
  // Wider than the SDK's types: media in every role, other audio formats, reasoning. The upstream judges.
  return messages.flatMap(toMessage) as ChatCompletionMessageParam[];
}
