import { type Tool, type ToolChoice, ToolChoiceMode } from "../../gen/switchyard/v1/content_pb.ts";
import type { ChatInput } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { textProblems } from "./text-problems.ts";
import type { FieldProblem } from "./validate-message.ts";
import { jsonObjectProblems } from "./json-object-problems.ts";

function* declarationProblems(tools: readonly Tool[]): Generator<FieldProblem> {
  const names = new Set<string>();
  for (const [index, { tool }] of tools.entries()) {
    if (tool.case === "function") {
      const path = `input.tools[${index}].function`;
      const { name, description, parametersJsonSchema } = tool.value;
      if (names.has(name)) {
        yield { field: `${path}.name`, description: "is the name of another tool; give each its own" };
      }
      names.add(name);
      yield* textProblems(`${path}.description`, description);
      // Empty: a function without parameters.
      if (parametersJsonSchema !== "") {
        yield* jsonObjectProblems(`${path}.parameters_json_schema`, parametersJsonSchema);
      }
    }
  }
}

function* choiceProblems(choice: ToolChoice, tools: readonly Tool[]): Generator<FieldProblem> {
  if (choice.mode === ToolChoiceMode.REQUIRED && tools.length === 0) {
    yield { field: "input.tool_choice.mode", description: "requires a tool call, but input.tools is empty" };
  }
  const names = new Set(tools.map(({ tool }) => tool.value?.name));
  for (const [index, name] of choice.allowedFunctionNames.entries()) {
    if (!names.has(name)) {
      yield {
        field: `input.tool_choice.allowed_function_names[${index}]`,
        description: "is the name of no function in input.tools",
      };
    }
  }
}

/** Tools with their schemas, and the choice among them. */
export function* toolProblems(input: ChatInput): Generator<FieldProblem> {
  yield* declarationProblems(input.tools);
  if (input.toolChoice !== undefined) {
    yield* choiceProblems(input.toolChoice, input.tools);
  }
}
