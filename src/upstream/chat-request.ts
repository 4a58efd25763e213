import type { ChatCompletionCreateParams } from "openai/resources/chat/completions";
import type { ChatInput } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { toChatMessages } from "./chat-messages.ts";
import { toGenerationParams } from "./generation-params.ts";
import { toResponseFormatParam } from "./response-format-param.ts";
import { toToolParams } from "./tool-params.ts";

const streamParams = { stream: true, stream_options: { include_usage: true } } as const;

/**
 * The body of `POST /chat/completions`. Total: what `rpc` validated is translated, anything else is passed
 * on or left out, and nothing throws. A field that the caller left unset has no key. Serialise it with
 * `JSON.stringify` and change nothing: numbers and key order of schemas live in objects that only it reads.
 */
export function toChatCompletionBody(
  upstreamModel: string,
  input: ChatInput,
  stream: boolean,
): ChatCompletionCreateParams {
  return {
    model: upstreamModel,
    messages: toChatMessages(input.messages),
    ...toGenerationParams(upstreamModel, input.generationConfig),
    ...toToolParams(input),
    ...toResponseFormatParam(input.responseFormat),
    // Not `safety_identifier`, its successor at OpenAI alone: others refuse keys that they do not know.
    ...(input.endUserId === undefined ? undefined : { user: input.endUserId }),
    ...(stream ? streamParams : undefined),
  };
}
