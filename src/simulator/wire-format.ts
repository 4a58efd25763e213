import type { Answer, AnswerChoice } from "./answer.ts";
import type { ChatRequest } from "./chat-request.ts";
import type { JsonObject } from "./json-object.ts";
import { type Random, randomFor } from "./seeded-random.ts";
import { tokenLogprobs } from "./token-logprobs.ts";

/** `system_fingerprint` of every answer: the mark that no model made it. */
const fingerprint = "fp_simulated";

function usageOf(answer: Answer): JsonObject {
  const { promptTokens, completionTokens, reasoningTokens } = answer;
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoningTokens, audio_tokens: 0 },
  };
}

function logprobsMember(request: ChatRequest, tokens: readonly string[], random: Random): JsonObject {
  if (request.topLogprobs === undefined) return { logprobs: null };
  return { logprobs: { content: tokenLogprobs(tokens, random, request.topLogprobs), refusal: null } };
}

/** `null` for a message without text beside calls, as the API has it. */
function messageOf(choice: AnswerChoice): JsonObject {
  const content = choice.content.join("");
  const calls = choice.calls.map(({ id, type, name, pieces }) => {
    const input = pieces.join("");
    return { id, type, [type]: type === "function" ? { name, arguments: input } : { name, input } };
  });
  return {
    role: "assistant",
    content: calls.length > 0 && content === "" ? null : content,
    refusal: null,
    ...(choice.reasoning.length > 0 ? { reasoning_content: choice.reasoning.join("") } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

/** The body of a unary answer. */
export function completionBody(request: ChatRequest, answer: Answer, createdSeconds: number): string {
  const choices = answer.choices.map((choice) => ({
    index: choice.index,
    message: messageOf(choice),
    ...logprobsMember(request, choice.content, randomFor(answer.digest, `logprobs ${choice.index}`)),
    finish_reason: choice.finishReason,
  }));
  return JSON.stringify({
    id: answer.id,
    object: "chat.completion",
    created: createdSeconds,
    model: request.model,
    choices,
    usage: usageOf(answer),
    service_tier: "default",
    system_fingerprint: fingerprint,
  });
}

/** The deltas of one choice, one token each, without role and finish. */
function* deltasOf(request: ChatRequest, answer: Answer, choice: AnswerChoice): Generator<string> {
  const random = randomFor(answer.digest, `logprobs ${choice.index}`);
  const entry = (delta: JsonObject, rest: JsonObject = { logprobs: null }) =>
    JSON.stringify({ index: choice.index, delta, ...rest, finish_reason: null });
  for (const piece of choice.reasoning) yield entry({ reasoning_content: piece });
  for (const piece of choice.content)
    yield entry({ content: piece }, logprobsMember(request, [piece], random));
  for (const [index, { id, type, name, pieces }] of choice.calls.entries()) {
    const part = type === "function" ? "arguments" : "input";
    yield entry({ tool_calls: [{ index, id, type, [type]: { name, [part]: "" } }] });
    for (const piece of pieces) yield entry({ tool_calls: [{ index, [type]: { [part]: piece } }] });
  }
}

/** An answer as server-sent events: what opens it, what comes token by token, what closes it. */
export interface EventStream {
  readonly head: string;
  /** Each item holds the events of one moment: a token of every choice that still has one. */
  readonly moments: () => Generator<string>;
  readonly tail: string;
}

/** Frames an answer as the API's stream of `chat.completion.chunk`, usage and `[DONE]`. */
export function eventStream(request: ChatRequest, answer: Answer, createdSeconds: number): EventStream {
  const shared = JSON.stringify({
    id: answer.id,
    object: "chat.completion.chunk",
    created: createdSeconds,
    model: request.model,
    service_tier: "default",
    system_fingerprint: fingerprint,
  }).slice(0, -1);
  // With usage asked for, the API sends the member in every chunk and its value in the last.
  const end = request.includeUsage ? `],"usage":null}\n\n` : "]}\n\n";
  const event = (choice: string) => `data: ${shared},"choices":[${choice}${end}`;
  const roles = answer.choices.map(({ index }) =>
    event(
      JSON.stringify({
        index,
        delta: { role: "assistant", content: "", refusal: null },
        logprobs: null,
        finish_reason: null,
      }),
    ),
  );
  const ends = answer.choices.map(({ index, finishReason }) =>
    event(JSON.stringify({ index, delta: {}, logprobs: null, finish_reason: finishReason })),
  );
  const usage = request.includeUsage
    ? `data: ${shared},"choices":[],"usage":${JSON.stringify(usageOf(answer))}}\n\n`
    : "";
  return {
    head: roles.join(""),
    moments: function* moments() {
      let running = answer.choices.map((choice) => deltasOf(request, answer, choice));
      while (running.length > 0) {
        let together = "";
        const going: typeof running = [];
        for (const deltas of running) {
          const next = deltas.next();
          if (next.done === true) continue;
          together += event(next.value);
          going.push(deltas);
        }
        if (together !== "") yield together;
        running = going;
      }
    },
    tail: `${ends.join("")}${usage}data: [DONE]\n\n`,
  };
}
