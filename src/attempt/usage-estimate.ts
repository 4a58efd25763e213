import { create } from "@bufbuild/protobuf";
import {
  type ContentPart,
  type Usage,
  UsageSchema,
  UsageSource,
} from "../../gen/switchyard/v1/content_pb.ts";
import type { Choice } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { estimateOutputTokens } from "../upstream/estimate-tokens.ts";

/** What an attempt used, counted by us, because its upstream did not say. */
export function estimatedUsage(inputTokens: number, outputTokens: number): Usage {
  return create(UsageSchema, { inputTokens, outputTokens, source: UsageSource.ESTIMATED });
}

/** Tokens of a whole answer by the same count. */
export function answerTokens(choices: readonly Choice[]): number {
  const parts = choices.flatMap((choice) => choice.message?.parts ?? []);
  return estimateOutputTokens(...parts.flatMap(textsOf));
}

function textsOf({ part }: ContentPart): readonly string[] {
  switch (part.case) {
    case "text":
    case "refusal":
      return [part.value];
    case "reasoning":
      return [part.value.text];
    case "toolCall":
      return [part.value.name, part.value.argumentsJson];
    case "image":
    case "audio":
    case "file":
    case "toolResult":
    case undefined:
      return [];
  }
}
