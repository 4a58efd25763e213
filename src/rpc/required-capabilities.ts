import {
  type ContentPart,
  type GenerationConfig,
  ReasoningEffort,
  Role,
} from "../../gen/switchyard/v1/content_pb.ts";
import type { ChatInput } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { Capability } from "../routing/catalog.ts";

/** What one part needs, and the parts of a tool result with it. */
function* ofPart({ part }: ContentPart): Generator<Capability> {
  switch (part.case) {
    case "image":
      yield "vision";
      break;
    case "audio":
    case "file":
      yield part.case;
      break;
    case "toolResult":
      for (const inner of part.value.parts) {
        yield* ofPart(inner);
      }
      break;
    case "text":
    case "toolCall":
    case "reasoning":
    case "refusal":
    case undefined:
      break;
  }
}

/** To ask for no reasoning needs nothing: a model without it obeys. */
function asksForReasoning(config: GenerationConfig | undefined): boolean {
  const effort = config?.reasoningEffort ?? ReasoningEffort.UNSPECIFIED;
  const hasEffort = effort !== ReasoningEffort.UNSPECIFIED && effort !== ReasoningEffort.NONE;
  return hasEffort || (config?.reasoningBudgetTokens ?? 0) > 0;
}

function* ofInput(input: ChatInput): Generator<Capability> {
  for (const part of input.messages.flatMap((message) => message.parts)) {
    yield* ofPart(part);
  }
  if (input.messages.at(-1)?.role === Role.ASSISTANT) {
    yield "prefill";
  }
  if (input.tools.length > 0) {
    yield "tools";
  }
  switch (input.responseFormat?.format.case) {
    case "jsonObject":
      yield "json_object";
      break;
    case "jsonSchema":
      yield "json_schema";
      break;
    case "text":
    case undefined:
      break;
  }
  if (asksForReasoning(input.generationConfig)) {
    yield "reasoning";
  }
}

/** What a model must be able to do to answer this chat. */
export function requiredCapabilities(input: ChatInput): ReadonlySet<Capability> {
  return new Set(ofInput(input));
}
