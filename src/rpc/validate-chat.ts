import type { GenerationConfig, ResponseFormat } from "../../gen/switchyard/v1/content_pb.ts";
import type { ChatInput } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { textProblems } from "./text-problems.ts";
import type { FieldProblem } from "./validate-message.ts";
import { jsonObjectProblems } from "./json-object-problems.ts";
import { messageProblems } from "./message-problems.ts";
import { toolProblems } from "./tool-problems.ts";

/** More would not fit into the error's details, and a hostile request has millions. */
const maxProblems = 32;

function* configProblems(config: GenerationConfig): Generator<FieldProblem> {
  const path = "input.generation_config";
  for (const [index, sequence] of config.stopSequences.entries()) {
    yield* textProblems(`${path}.stop_sequences[${index}]`, sequence);
  }
  for (const [token, bias] of Object.entries(config.logitBias)) {
    if (!Number.isFinite(bias) || Math.abs(bias) > 100) {
      yield { field: `${path}.logit_bias[${token}]`, description: "must be a number from -100 to 100" };
    }
  }
}

function* formatProblems({ format }: ResponseFormat): Generator<FieldProblem> {
  if (format.case === "jsonSchema") {
    const path = "input.response_format.json_schema";
    yield* textProblems(`${path}.description`, format.value.description);
    yield* jsonObjectProblems(`${path}.json_schema`, format.value.jsonSchema);
  }
}

function* allProblems(input: ChatInput): Generator<FieldProblem> {
  yield* messageProblems("input.messages", input.messages);
  yield* toolProblems(input);
  if (input.generationConfig !== undefined) {
    yield* configProblems(input.generationConfig);
  }
  if (input.responseFormat !== undefined) {
    yield* formatProblems(input.responseFormat);
  }
  yield* textProblems("input.end_user_id", input.endUserId ?? "");
}

/**
 * What is wrong with a chat beyond the rules in the contract itself: coherence of roles and parts, tool
 * results and calls, JSON text, tool names, media. In the order of the fields, at most 32; empty when it may
 * go upstream. A request that the OpenAI API takes has none.
 */
export function chatInputProblems(input: ChatInput): readonly FieldProblem[] {
  return allProblems(input).take(maxProblems).toArray();
}
