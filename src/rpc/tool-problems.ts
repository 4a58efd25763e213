import { type Tool, type ToolChoice, ToolChoiceMode } from "../../gen/switchyard/v1/content_pb.ts";
import type { ChatInput } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { type FieldPath, fieldIn } from "./field-path.ts";
import { addJsonObjectProblems } from "./json-object-problems.ts";
import { addProblem, isFull, type ProblemList } from "./problem-list.ts";
import { addTextProblems } from "./text-problems.ts";

function addDeclarationProblems(problems: ProblemList, input: FieldPath, tools: readonly Tool[]): void {
  const names = new Set<string>();
  for (const [index, { tool }] of tools.entries()) {
    if (isFull(problems)) return;
    if (tool.case === "function") {
      const path = fieldIn(fieldIn(input, "tools", index), "function");
      const { name, description, parametersJsonSchema } = tool.value;
      if (names.has(name)) {
        addProblem(problems, fieldIn(path, "name"), "is the name of another tool; give each its own");
      }
      names.add(name);
      addTextProblems(problems, path, "description", description);
      // Empty: a function without parameters.
      if (parametersJsonSchema !== "") {
        addJsonObjectProblems(problems, path, "parameters_json_schema", parametersJsonSchema);
      }
    }
  }
}

function addChoiceProblems(
  problems: ProblemList,
  path: FieldPath,
  choice: ToolChoice,
  tools: readonly Tool[],
): void {
  if (choice.mode === ToolChoiceMode.REQUIRED && tools.length === 0) {
    addProblem(problems, fieldIn(path, "mode"), "requires a tool call, but input.tools is empty");
  }
  const names = new Set(tools.map(({ tool }) => tool.value?.name));
  for (const [index, name] of choice.allowedFunctionNames.entries()) {
    if (isFull(problems)) return;
    if (!names.has(name)) {
      const field = fieldIn(path, "allowed_function_names", index);
      addProblem(problems, field, "is the name of no function in input.tools");
    }
  }
}

/** Tools with their schemas, and the choice among them. */
export function addToolProblems(problems: ProblemList, path: FieldPath, input: ChatInput): void {
  if (input.tools.length > 0) {
    addDeclarationProblems(problems, path, input.tools);
  }
  if (input.toolChoice !== undefined) {
    addChoiceProblems(problems, fieldIn(path, "tool_choice"), input.toolChoice, input.tools);
  }
}
