import type { ChatInput } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { GenerationFacts } from "../telemetry/attempt-facts.ts";

/** The numbers of a request that its attempts' spans show. */
export function generationFacts({ generationConfig: config }: ChatInput): GenerationFacts {
  if (config === undefined) return {};
  return {
    maxTokens: config.maxOutputTokens,
    temperature: config.temperature,
    topP: config.topP,
    topK: config.topK,
    seed: config.seed === undefined ? undefined : Number(config.seed),
    stopSequences: config.stopSequences,
    frequencyPenalty: config.frequencyPenalty,
    presencePenalty: config.presencePenalty,
  };
}
