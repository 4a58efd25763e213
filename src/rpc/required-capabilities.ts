import {
  type ContentPart,
  type GenerationConfig,
  ReasoningEffort,
  type ResponseFormat,
  Role,
} from "../../gen/switchyard/v1/content_pb.ts";
import type { ChatInput } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { Capability } from "../routing/catalog.ts";

/** What one part needs, and the parts of a tool result with it. */
function addPart(needed: Set<Capability>, { part }: ContentPart): void {
  switch (part.case) {
    case "image":
      needed.add("vision");
      break;
    case "audio":
    case "file":
      needed.add(part.case);
      break;
    case "toolResult":
      for (const inner of part.value.parts) addPart(needed, inner);
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

function addFormat(needed: Set<Capability>, { format }: ResponseFormat): void {
  switch (format.case) {
    case "jsonObject":
      needed.add("json_object");
      break;
    case "jsonSchema":
      needed.add("json_schema");
      break;
    case "text":
    case undefined:
      break;
  }
}

/** What a model must be able to do to answer this chat: a set of its own, that the caller may add to. */
export function requiredCapabilities(input: ChatInput): Set<Capability> {
  const needed = new Set<Capability>();
  for (const message of input.messages) {
    for (const part of message.parts) addPart(needed, part);
  }
  if (input.messages.at(-1)?.role === Role.ASSISTANT) needed.add("prefill");
  if (input.tools.length > 0) needed.add("tools");
  if (input.responseFormat !== undefined) addFormat(needed, input.responseFormat);
  if (asksForReasoning(input.generationConfig)) needed.add("reasoning");
  return needed;
}
