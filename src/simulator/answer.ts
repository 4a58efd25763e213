import type { ChatRequest } from "./chat-request.ts";
import { completionObject, completionText, excerptOf, questionOf, reasoningText } from "./completion-text.ts";
import { sampleSchema } from "./schema-sample.ts";
import { digestOf, type Random, randomFor } from "./seeded-random.ts";
import { sampleToolCalls } from "./tool-call-sample.ts";
import { splitTokens } from "./tokens.ts";

/** A call of a tool within an answer. */
interface AnswerCall {
  readonly id: string;
  readonly type: "function" | "custom";
  readonly name: string;
  /** The arguments or the input, in pieces. */
  readonly pieces: readonly string[];
}

export interface AnswerChoice {
  readonly index: number;
  /** In pieces of a token, as all texts of an answer. */
  readonly reasoning: readonly string[];
  readonly content: readonly string[];
  readonly calls: readonly AnswerCall[];
  readonly finishReason: "stop" | "length" | "tool_calls";
}

/** Everything a response says, before it is put on the wire. */
export interface Answer {
  readonly id: string;
  /** Of the request under the seed; every further number of this answer comes from it. */
  readonly digest: string;
  readonly choices: readonly AnswerChoice[];
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Those of the longest choice: choices are written at the same time. */
  readonly longestTokens: number;
  readonly reasoningTokens: number;
}

function answerText(request: ChatRequest, random: Random): string {
  switch (request.format.kind) {
    case "text":
      return completionText(request, random);
    case "json_object":
      return completionObject(request, random);
    case "json_schema":
      return JSON.stringify(sampleSchema(request.format.schema, random, excerptOf(questionOf(request))));
  }
}

/** The text up to the first stop sequence. */
function cutAtStop(text: string, stops: readonly string[]): string {
  let end = text.length;
  for (const stop of stops) {
    const at = text.indexOf(stop);
    if (at !== -1 && at < end) end = at;
  }
  return text.slice(0, end);
}

/** Models whose name says that they reason before they answer. */
function reasons(model: string): boolean {
  return /reasoner|reasoning|thinking/i.test(model);
}

function answerChoice(request: ChatRequest, digest: string, index: number): AnswerChoice {
  const random = randomFor(digest, `choice ${index}`);
  const samples = sampleToolCalls(request, random);
  const thought = reasons(request.model) ? splitTokens(reasoningText(request, random)) : [];
  const text = samples.length > 0 ? "" : cutAtStop(answerText(request, random), request.stop);
  // The allowance is spent in the order of the wire: reasoning, text, calls.
  let left = request.maxTokens ?? Infinity;
  let cut = false;
  const spend = (pieces: readonly string[]): readonly string[] => {
    const kept = pieces.slice(0, left);
    cut ||= kept.length < pieces.length;
    left -= kept.length;
    return kept;
  };
  const reasoning = spend(thought);
  const content = spend(splitTokens(text));
  const calls: AnswerCall[] = [];
  for (const [at, { tool, input }] of samples.entries()) {
    // A call that the allowance leaves nothing of is not begun.
    cut ||= left <= 0;
    if (cut) break;
    const pieces = spend(splitTokens(input));
    const id = `call_sim${digest.slice(0, 16)}${index}${at}`;
    calls.push({ id, type: tool.type, name: tool.name, pieces });
  }
  const finishReason = cut ? "length" : calls.length > 0 ? "tool_calls" : "stop";
  return { index, reasoning, content, calls, finishReason };
}

function lengthOf(choice: AnswerChoice): number {
  return choice.calls.reduce(
    (sum, call) => sum + call.pieces.length,
    choice.reasoning.length + choice.content.length,
  );
}

/**
 * The answer to a request: the same for the same request and seed, in every process. Limits (tokens, stop
 * sequences) and the way of delivery cut or carry it and do not change it.
 */
export function answerRequest(request: ChatRequest, seed: number): Answer {
  const digest = digestOf(seed, request.identity);
  const choices = Array.from({ length: request.count }, (_, index) => answerChoice(request, digest, index));
  const lengths = choices.map(lengthOf);
  return {
    id: `chatcmpl-sim${digest.slice(0, 24)}`,
    digest,
    choices,
    promptTokens: request.prompt.promptTokens,
    completionTokens: lengths.reduce((sum, length) => sum + length, 0),
    longestTokens: Math.max(...lengths),
    reasoningTokens: choices.reduce((sum, choice) => sum + choice.reasoning.length, 0),
  };
}
