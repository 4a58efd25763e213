import type { ContentPart, ResponseFormat } from "../../gen/switchyard/v1/content_pb.ts";
import type { ChatInput } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { audioTokens, fileTokens, imageTokens } from "./media-tokens.ts";
import { textUnits, unitsPerToken } from "./text-units.ts";

/** What the chat format puts around each message, tool and call: role, separators, field names. */
const frameTokens = 4;

/** Text and allowances of a part of a request. */
interface Weight {
  /** Every text that the model reads. */
  readonly texts: readonly string[];
  /** Tokens of what is not text. */
  readonly tokens: number;
}

const nothing: Weight = { texts: [], tokens: 0 };

function sum(weights: readonly Weight[]): Weight {
  return {
    texts: weights.flatMap((weight) => weight.texts),
    tokens: weights.reduce((tokens, weight) => tokens + weight.tokens, 0),
  };
}

function weighPart({ part }: ContentPart): Weight {
  switch (part.case) {
    case "text":
    case "refusal":
      return { texts: [part.value], tokens: 0 };
    case "reasoning":
      return { texts: [part.value.text], tokens: 0 };
    case "image":
      return { texts: [], tokens: imageTokens(part.value) };
    case "audio":
      return { texts: [], tokens: audioTokens(part.value) };
    case "file":
      return { texts: [], tokens: fileTokens(part.value) };
    case "toolCall":
      return { texts: [part.value.name, part.value.argumentsJson], tokens: frameTokens };
    case "toolResult":
      return sum([...part.value.parts.map(weighPart), { texts: [], tokens: frameTokens }]);
    case undefined:
      break;
  }
  return nothing;
}

function weighFormat(responseFormat: ResponseFormat | undefined): Weight {
  const format = responseFormat?.format;
  return format?.case === "jsonSchema"
    ? { texts: [format.value.name, format.value.description, format.value.jsonSchema], tokens: frameTokens }
    : nothing;
}

function weighInput(input: ChatInput): Weight {
  const messages = input.messages.map((message) =>
    sum([{ texts: [message.name ?? ""], tokens: frameTokens }, ...message.parts.map(weighPart)]),
  );
  const tools = input.tools.map(({ tool }) =>
    tool.case === "function"
      ? {
          texts: [tool.value.name, tool.value.description, tool.value.parametersJsonSchema],
          tokens: frameTokens,
        }
      : nothing,
  );
  return sum([...messages, ...tools, weighFormat(input.responseFormat)]);
}

/**
 * Tokens of a prompt, counted without a tokenizer: text by script ({@link textUnits} states the error), media
 * and frames by allowance. The same input always gives the same figure; a longer text never a smaller one.
 */
export function estimateInputTokens(input: ChatInput): number {
  const { texts, tokens } = weighInput(input);
  const units = texts.reduce((all, text) => all + textUnits(text), 0);
  return tokens + Math.ceil(units / unitsPerToken);
}

/**
 * Tokens that a prompt surely has, for decisions that must not refuse what an upstream would take: its text
 * alone, a third of the estimate, runs of one character counted once.
 */
export function leastInputTokens(input: ChatInput): number {
  const units = weighInput(input).texts.reduce((all, text) => all + textUnits(text, "once"), 0);
  return Math.floor(units / (3 * unitsPerToken));
}

/**
 * Tokens of what a model wrote, by the same rule: prices an answer whose upstream sent no usage or broke off.
 * @param texts text, reasoning, refusal, names and arguments of tool calls; pieces weigh what the whole weighs
 */
export function estimateOutputTokens(...texts: readonly string[]): number {
  return Math.ceil(texts.reduce((units, text) => units + textUnits(text), 0) / unitsPerToken);
}
