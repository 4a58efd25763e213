import type { GenerationConfig, ResponseFormat } from "../../gen/switchyard/v1/content_pb.ts";
import type { ChatInput } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { type FieldPath, fieldIn, rootField } from "./field-path.ts";
import { addJsonObjectProblems } from "./json-object-problems.ts";
import { addConversationProblems } from "./message-problems.ts";
import { addProblem, isFull, type ProblemList } from "./problem-list.ts";
import { addTextProblems } from "./text-problems.ts";
import { addToolProblems } from "./tool-problems.ts";
import type { FieldProblem } from "./validate-message.ts";

const root = rootField("input");

function addConfigProblems(problems: ProblemList, path: FieldPath, config: GenerationConfig): void {
  for (const [index, sequence] of config.stopSequences.entries()) {
    if (isFull(problems)) return;
    addTextProblems(problems, path, "stop_sequences", sequence, index);
  }
  for (const [token, bias] of Object.entries(config.logitBias)) {
    if (!Number.isFinite(bias) || Math.abs(bias) > 100) {
      addProblem(problems, fieldIn(path, `logit_bias[${token}]`), "must be a number from -100 to 100");
    }
  }
}

function addFormatProblems(problems: ProblemList, path: FieldPath, { format }: ResponseFormat): void {
  if (format.case === "jsonSchema") {
    const field = fieldIn(path, "json_schema");
    addTextProblems(problems, field, "description", format.value.description);
    addJsonObjectProblems(problems, field, "json_schema", format.value.jsonSchema);
  }
}

/**
 * What is wrong with a chat beyond the rules in the contract itself: coherence of roles and parts, tool
 * results and calls, JSON text, tool names, media. In the order of the fields, at most 32; empty when it may
 * go upstream. A request that the OpenAI API takes has none.
 */
export function chatInputProblems(input: ChatInput): readonly FieldProblem[] {
  const problems: ProblemList = [];
  addConversationProblems(problems, root, input.messages);
  addToolProblems(problems, root, input);
  if (input.generationConfig !== undefined) {
    addConfigProblems(problems, fieldIn(root, "generation_config"), input.generationConfig);
  }
  if (input.responseFormat !== undefined) {
    addFormatProblems(problems, fieldIn(root, "response_format"), input.responseFormat);
  }
  addTextProblems(problems, root, "end_user_id", input.endUserId ?? "");
  return problems;
}
