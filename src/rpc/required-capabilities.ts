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
function addPart(needed: Capability[], { part }: ContentPart): void {
  switch (part.case) {
    case "image":
      needed.push("vision");
      break;
    case "audio":
    case "file":
      needed.push(part.case);
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

function addFormat(needed: Capability[], { format }: ResponseFormat): void {
  switch (format.case) {
    case "jsonObject":
      needed.push("json_object");
      break;
    case "jsonSchema":
      needed.push("json_schema");
      break;
    case "text":
    case undefined:
      break;
  }
}

const none: ReadonlySet<Capability> = new Set();

/** What a model must be able to do to answer this chat. @param asked what the caller wants beside it */
export function requiredCapabilities(
  input: ChatInput | undefined,
  asked: readonly Capability[] = [],
): ReadonlySet<Capability> {
  const needed = input === undefined ? [] : neededFor(input);
  needed.push(...asked);
  return needed.length === 0 ? none : new Set(needed);
}

function neededFor(input: ChatInput): Capability[] {
  const needed: Capability[] = [];
  for (const message of input.messages) {
    for (const part of message.parts) addPart(needed, part);
  }
  if (input.messages.at(-1)?.role === Role.ASSISTANT) needed.push("prefill");
  if (input.tools.length > 0) needed.push("tools");
  if (input.responseFormat !== undefined) addFormat(needed, input.responseFormat);
  if (asksForReasoning(input.generationConfig)) needed.push("reasoning");
  return needed;
}
