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
 * The limit of output tokens. `max_tokens`, which OpenAI calls deprecated, because it is the one name that
 * every compatible upstream knows: many ignore `max_completion_tokens` without a word, and an ignored limit
 * costs money. Only OpenAI's reasoning models refuse it, so they get the new name.
 */
function toLimit(upstreamModel: string, tokens: number): object {
  return refusesMaxTokens.test(upstreamModel) ? { max_completion_tokens: tokens } : { max_tokens: tokens };
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
  if (config === undefined) {
    return {};
  }
  const params: Record<string, unknown> = {
    temperature: config.temperature,
    top_p: config.topP,
    top_k: config.topK,
    frequency_penalty: config.frequencyPenalty,
    presence_penalty: config.presencePenalty,
    stop: config.stopSequences.length === 0 ? undefined : config.stopSequences,
    seed: config.seed === undefined ? undefined : toJsonInteger(config.seed),
    n: config.candidateCount,
    // 0 asks for the chosen token alone, which the API writes as logprobs without alternatives.
    logprobs: config.topLogprobs === undefined ? undefined : true,
    top_logprobs: config.topLogprobs,
    logit_bias: Object.keys(config.logitBias).length === 0 ? undefined : config.logitBias,
    reasoning_effort: efforts.get(config.reasoningEffort),
    thinking:
      config.reasoningBudgetTokens === undefined ? undefined : toThinking(config.reasoningBudgetTokens),
    ...(config.maxOutputTokens === undefined ? {} : toLimit(upstreamModel, config.maxOutputTokens)),
  };
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));
}
