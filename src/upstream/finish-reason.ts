import { FinishReason } from "../../gen/switchyard/v1/content_pb.ts";

/**
 * The words of the OpenAI API, then those that gateways pass through from Anthropic, Google, Cohere,
 * Mistral, Bedrock and open-weight servers. Keys are lower case with underscores.
 */
const known: ReadonlyMap<string, FinishReason> = new Map<string, FinishReason>([
  ["stop", FinishReason.STOP],
  ["end_turn", FinishReason.STOP],
  ["eos", FinishReason.STOP],
  ["eos_token", FinishReason.STOP],
  ["complete", FinishReason.STOP],
  ["stop_sequence", FinishReason.STOP_SEQUENCE],
  ["length", FinishReason.MAX_OUTPUT_TOKENS],
  ["max_tokens", FinishReason.MAX_OUTPUT_TOKENS],
  ["max_output_tokens", FinishReason.MAX_OUTPUT_TOKENS],
  ["max_completion_tokens", FinishReason.MAX_OUTPUT_TOKENS],
  ["model_length", FinishReason.CONTEXT_LENGTH],
  ["context_length", FinishReason.CONTEXT_LENGTH],
  ["context_length_exceeded", FinishReason.CONTEXT_LENGTH],
  ["context_window_exceeded", FinishReason.CONTEXT_LENGTH],
  ["model_context_window_exceeded", FinishReason.CONTEXT_LENGTH],
  ["tool_calls", FinishReason.TOOL_CALLS],
  ["tool_call", FinishReason.TOOL_CALLS],
  ["tool_use", FinishReason.TOOL_CALLS],
  ["function_call", FinishReason.TOOL_CALLS],
  ["content_filter", FinishReason.CONTENT_FILTER],
  ["content_filtered", FinishReason.CONTENT_FILTER],
  ["content_policy_violation", FinishReason.CONTENT_FILTER],
  ["guardrail_intervened", FinishReason.CONTENT_FILTER],
  ["error_toxic", FinishReason.CONTENT_FILTER],
  ["sensitive", FinishReason.CONTENT_FILTER],
  ["safety", FinishReason.CONTENT_FILTER],
  ["image_safety", FinishReason.CONTENT_FILTER],
  ["recitation", FinishReason.CONTENT_FILTER],
  ["blocklist", FinishReason.CONTENT_FILTER],
  ["prohibited_content", FinishReason.CONTENT_FILTER],
  ["spii", FinishReason.CONTENT_FILTER],
  ["refusal", FinishReason.REFUSAL],
]);

/** Translates an upstream's own word for why a choice ended; a word that is not known is OTHER, never an error. */
export function toFinishReason(native: string): FinishReason {
  return known.get(native.trim().toLowerCase().replaceAll("-", "_")) ?? FinishReason.OTHER;
}
