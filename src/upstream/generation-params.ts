import type { ChatCompletionCreateParams } from "openai/resources/chat/completions";
import { type GenerationConfig, ReasoningEffort } from "../../gen/switchyard/v1/content_pb.ts";
import { verbatimNumber } from "./verbatim-number.ts";

type Effort = NonNullable<ChatCompletionCreateParams["reasoning_effort"]>;

const efforts: ReadonlyMap<number, Effort> = new Map<number, Effort>([
  [ReasoningEffort.NONE, "none"],
  [ReasoningEffort.MINIMAL, "minimal"],
  [ReasoningEffort.LOW, "low"],
  [ReasoningEffort.MEDIUM, "medium"],
  [ReasoningEffort.HIGH, "high"],
]);

/** OpenAI's own reasoning models (o1 … o4, gpt-5 and later), with or without the provider's name in front. */
const refusesMaxTokens = /^(?:openai\/)?(?:o\d|gpt-(?:[5-9]|\d\d))/;

/**
 * What the limit of output tokens is called. `max_tokens`, which OpenAI calls deprecated, because it is the one name that
 * every compatible upstream knows: many ignore `max_completion_tokens` without a word, and an ignored limit
 * costs money. Only OpenAI's reasoning models refuse it, so they get the new name.
 */
function limitName(upstreamModel: string): "max_completion_tokens" | "max_tokens" {
  return refusesMaxTokens.test(upstreamModel) ? "max_completion_tokens" : "max_tokens";
}

/** A JSON number with every digit: a double would change a seed beyond 2^53. */
function toJsonInteger(value: bigint): unknown {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : verbatimNumber(value.toString());
}

/**
 * `thinking`, as Anthropic's compatible API, LiteLLM, DeepSeek and GLM take it; OpenAI has no budget in
 * tokens. A budget of 0 turns reasoning off.
 */
function toThinking(budgetTokens: number): object {
  return budgetTokens === 0 ? { type: "disabled" } : { type: "enabled", budget_tokens: budgetTokens };
}

/**
 * The sampling parameters of a request; what the caller left unset has no key. Extensions of compatible
 * upstreams: `top_k`, `thinking`. `parallel_tool_calls` goes with the tools.
 */
export function toGenerationParams(
  upstreamModel: string,
  config: GenerationConfig | undefined,
): Partial<ChatCompletionCreateParams> {
  const params: Record<string, unknown> = {};
  if (config === undefined) return params;
  if (config.temperature !== undefined) params["temperature"] = config.temperature;
  if (config.topP !== undefined) params["top_p"] = config.topP;
  if (config.topK !== undefined) params["top_k"] = config.topK;
  if (config.frequencyPenalty !== undefined) params["frequency_penalty"] = config.frequencyPenalty;
  if (config.presencePenalty !== undefined) params["presence_penalty"] = config.presencePenalty;
  if (config.stopSequences.length > 0) params["stop"] = config.stopSequences;
  if (config.seed !== undefined) params["seed"] = toJsonInteger(config.seed);
  if (config.candidateCount !== undefined) params["n"] = config.candidateCount;
  if (config.topLogprobs !== undefined) {
    // 0 asks for the chosen token alone, which the API writes as logprobs without alternatives.
    params["logprobs"] = true;
    params["top_logprobs"] = config.topLogprobs;
  }
  if (Object.keys(config.logitBias).length > 0) params["logit_bias"] = config.logitBias;
  const effort = efforts.get(config.reasoningEffort);
  if (effort !== undefined) params["reasoning_effort"] = effort;
  if (config.reasoningBudgetTokens !== undefined) {
    params["thinking"] = toThinking(config.reasoningBudgetTokens);
  }
  if (config.maxOutputTokens !== undefined) params[limitName(upstreamModel)] = config.maxOutputTokens;
  return params;
}
