import {
  type ContentPart,
  FinishReason,
  Role,
  type TokenLogprob,
} from "../../gen/switchyard/v1/content_pb.ts";
import type { Choice } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { readChoiceIndex, readHead } from "./answer-head.ts";
import { readContentText } from "./content-text.ts";
import { toFinishReason } from "./finish-reason.ts";
import { readLogprobs } from "./logprobs.ts";
import { type ReasoningPiece, readReasoning } from "./reasoning-fields.ts";
import { inventToolCallId, readArguments } from "./tool-call-fields.ts";
import { isAbsent, isRecord, type JsonRecord, nonEmptyString } from "./untrusted-json.ts";
import type { Completion } from "./upstream.ts";
import { readUsage } from "./usage.ts";

/** Messages are written out here: `create` makes the same of them and takes several times as long. */
function toPart(part: ContentPart["part"]): ContentPart {
  return { $typeName: "switchyard.v1.ContentPart", part };
}

/** Every element read, or undefined where one cannot be. */
function readAll<T>(
  values: readonly unknown[],
  read: (value: unknown, index: number) => T | undefined,
): T[] | undefined {
  const all = values.map((value, index) => read(value, index));
  return all.every((one) => one !== undefined) ? all : undefined;
}

const noParts: readonly ContentPart[] = [];

function readToolCall(id: string, called: unknown): ContentPart | undefined {
  if (!isRecord(called)) {
    return undefined;
  }
  const name = nonEmptyString(called["name"]);
  const argumentsJson = readArguments(called["arguments"]);
  return name === undefined || argumentsJson === undefined
    ? undefined
    : toPart({
        case: "toolCall",
        value: { $typeName: "switchyard.v1.ToolCall", id, name, argumentsJson },
      });
}

/** `tool_calls`, or the `function_call` that came before it. Undefined where a call cannot be understood. */
function readToolCalls(
  message: JsonRecord,
  inventId: (toolIndex: number) => string,
): readonly ContentPart[] | undefined {
  const { tool_calls: calls, function_call: legacy } = message;
  if (!isAbsent(calls) && !Array.isArray(calls)) {
    return undefined;
  }
  if (!isAbsent(calls) && calls.length > 0) {
    return readAll(calls, (call, index) =>
      isRecord(call)
        ? readToolCall(nonEmptyString(call["id"]) ?? inventId(index), call["function"])
        : undefined,
    );
  }
  return isAbsent(legacy) ? noParts : readAll([legacy], (call) => readToolCall(inventId(0), call));
}

function toReasoning(piece: ReasoningPiece): ContentPart {
  return toPart({ case: "reasoning", value: { $typeName: "switchyard.v1.Reasoning", ...piece } });
}

/** @param ofContent what the content says of reasoning, which counts where no field of its own does */
function readThoughts(message: JsonRecord, ofContent: string): readonly ContentPart[] {
  const pieces = readReasoning(message);
  if (pieces.length > 0) {
    return pieces.map(toReasoning);
  }
  return ofContent === ""
    ? noParts
    : [toReasoning({ text: ofContent, signature: new Uint8Array(), redacted: false })];
}

/** In the order in which models think, speak and act: the API keeps no order of its own between the fields. */
function readParts(message: JsonRecord, inventId: (toolIndex: number) => string): ContentPart[] | undefined {
  const content = readContentText(message);
  const toolCalls = readToolCalls(message, inventId);
  if (content === undefined || toolCalls === undefined) {
    return undefined;
  }
  const thoughts = readThoughts(message, content.reasoning);
  // Nearly every answer is one text: an array that grows begins with room for sixteen.
  const spoken = content.text === "" ? [] : [toPart({ case: "text", value: content.text })];
  const parts = thoughts.length === 0 ? spoken : [...thoughts, ...spoken];
  if (content.refusal !== "") {
    parts.push(toPart({ case: "refusal", value: content.refusal }));
  }
  for (const toolCall of toolCalls) parts.push(toolCall);
  return parts;
}

function isAnswer({ part }: ContentPart): boolean {
  return part.case === "text" || part.case === "refusal" || part.case === "toolCall";
}

function readAllLogprobs(logprobs: unknown): TokenLogprob[] {
  return isAbsent(logprobs)
    ? []
    : [...readLogprobs(logprobs, "content"), ...readLogprobs(logprobs, "refusal")];
}

function hasDistinctIndexes(choices: readonly Choice[]): boolean {
  return choices.length === 1 || new Set(choices.map((choice) => choice.index)).size === choices.length;
}

function readChoice(completionId: string, value: unknown, position: number): Choice | undefined {
  if (!isRecord(value) || !isRecord(value["message"])) {
    return undefined;
  }
  const index = readChoiceIndex(value, position);
  const native = value["finish_reason"] ?? "";
  // By position, which stays unlike the index its own where two choices have the same index.
  const parts = readParts(value["message"], (toolIndex) =>
    inventToolCallId(completionId, position, toolIndex),
  );
  if (index === undefined || parts === undefined || typeof native !== "string") {
    return undefined;
  }
  if (!parts.some(isAnswer)) {
    if (native === "") {
      return undefined;
    }
    // Ended and empty is an answer: a message needs one part, and the empty text says so.
    parts.push(toPart({ case: "text", value: "" }));
  }
  return {
    $typeName: "switchyard.v1.Choice",
    index,
    message: { $typeName: "switchyard.v1.Message", role: Role.ASSISTANT, parts },
    finishReason: native === "" ? FinishReason.UNSPECIFIED : toFinishReason(native),
    nativeFinishReason: native,
    logprobs: readAllLogprobs(value["logprobs"]),
  };
}

/**
 * Reads the body of an unary completion. Undefined where it is no valid answer: no choices, a choice without
 * a message, a member of a wrong type, or a choice with neither content nor a finish reason. Nothing is
 * guessed but names: a missing index is its position, and so are all where two are alike (seen with
 * gateways that number every choice 0); a missing tool-call id is invented.
 */
export function readCompletion(body: unknown): Completion | undefined {
  if (!isRecord(body) || !Array.isArray(body["choices"]) || body["choices"].length === 0) {
    return undefined;
  }
  const head = readHead(body);
  const choices = readAll(body["choices"], (value, position) => readChoice(head.id, value, position));
  if (choices === undefined) {
    return undefined;
  }
  return {
    ...head,
    choices: hasDistinctIndexes(choices)
      ? choices
      : choices.map((choice, index) => Object.assign(choice, { index })),
    usage: readUsage(body["usage"]),
  };
}
