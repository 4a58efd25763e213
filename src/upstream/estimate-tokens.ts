import type { ContentPart, Message, ResponseFormat, Tool } from "../../gen/switchyard/v1/content_pb.ts";
import type { ChatInput } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { InputTokens } from "../routing/call-facts.ts";
import { audioTokens, fileTokens, imageTokens } from "./media-tokens.ts";
import { addText, textUnits, type TextWeight, unitsPerToken } from "./text-units.ts";

/** What the chat format puts around each message, tool and call: role, separators, field names. */
const frameTokens = 4;

/** What a request weighs so far. */
interface Weight {
  /** Units of every text that the model reads. */
  readonly text: TextWeight;
  /** Tokens of what is not text. */
  tokens: number;
}

function addPart(weight: Weight, { part }: ContentPart): void {
  switch (part.case) {
    case "text":
    case "refusal":
      addText(weight.text, part.value);
      break;
    case "reasoning":
      addText(weight.text, part.value.text);
      break;
    case "image":
      weight.tokens += imageTokens(part.value);
      break;
    case "audio":
      weight.tokens += audioTokens(part.value);
      break;
    case "file":
      weight.tokens += fileTokens(part.value);
      break;
    case "toolCall":
      weight.tokens += frameTokens;
      addText(weight.text, part.value.name);
      addText(weight.text, part.value.argumentsJson);
      break;
    case "toolResult":
      weight.tokens += frameTokens;
      for (const inner of part.value.parts) addPart(weight, inner);
      break;
    case undefined:
      break;
  }
}

function addMessage(weight: Weight, { name, parts }: Message): void {
  weight.tokens += frameTokens;
  if (name !== undefined) addText(weight.text, name);
  for (const part of parts) addPart(weight, part);
}

function addTool(weight: Weight, { tool }: Tool): void {
  if (tool.case !== "function") return;
  weight.tokens += frameTokens;
  addText(weight.text, tool.value.name);
  addText(weight.text, tool.value.description);
  addText(weight.text, tool.value.parametersJsonSchema);
}

function addFormat(weight: Weight, { format }: ResponseFormat): void {
  if (format.case !== "jsonSchema") return;
  weight.tokens += frameTokens;
  addText(weight.text, format.value.name);
  addText(weight.text, format.value.description);
  addText(weight.text, format.value.jsonSchema);
}

/**
 * Tokens of a prompt, counted without a tokenizer and in one pass. The estimate: text by script ({@link TextWeight}
 * states the error), media and frames by allowance; the same input always gives the same figure, a longer text
 * never a smaller one. Surely at least, for decisions that must not refuse what an upstream would take: its text
 * alone, a third of the estimate, runs of one character counted once.
 */
export function countInputTokens(input: ChatInput): InputTokens {
  const weight: Weight = { text: { units: 0, runUnits: 0 }, tokens: 0 };
  for (const message of input.messages) addMessage(weight, message);
  for (const tool of input.tools) addTool(weight, tool);
  if (input.responseFormat !== undefined) addFormat(weight, input.responseFormat);
  return {
    estimate: weight.tokens + Math.ceil(weight.text.units / unitsPerToken),
    atLeast: Math.floor(weight.text.runUnits / (3 * unitsPerToken)),
  };
}

/**
 * Tokens of what a model wrote, by the same rule: prices an answer whose upstream sent no usage or broke off.
 * @param texts text, reasoning, refusal, names and arguments of tool calls; pieces weigh what the whole weighs
 */
export function estimateOutputTokens(...texts: readonly string[]): number {
  return Math.ceil(texts.reduce((units, text) => units + textUnits(text), 0) / unitsPerToken);
}
