import type {
  ChatCompletionCreateParams,
  ChatCompletionFunctionTool,
  ChatCompletionToolChoiceOption,
} from "openai/resources/chat/completions";
import { type FunctionTool, type ToolChoice, ToolChoiceMode } from "../../gen/switchyard/v1/content_pb.ts";
import type { ChatInput } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { readSchemaText } from "./schema-text.ts";

type ToolParams = Pick<ChatCompletionCreateParams, "tools" | "tool_choice" | "parallel_tool_calls">;

function toFunctionTool(tool: FunctionTool): ChatCompletionFunctionTool {
  const parameters = readSchemaText(tool.parametersJsonSchema);
  return {
    type: "function",
    function: {
      name: tool.name,
      ...(tool.description === "" ? {} : { description: tool.description }),
      ...(parameters === undefined ? {} : { parameters }),
      ...(tool.strict === undefined ? {} : { strict: tool.strict }),
    },
  };
}

function allowedTools(mode: "auto" | "required", names: readonly string[]): ChatCompletionToolChoiceOption {
  const tools = names.map((name) => ({ type: "function", function: { name } }));
  return { type: "allowed_tools", allowed_tools: { mode, tools } };
}

function toToolChoice(choice: ToolChoice): ChatCompletionToolChoiceOption | undefined {
  const names = [...new Set(choice.allowedFunctionNames)];
  const [only] = names;
  switch (choice.mode) {
    case ToolChoiceMode.AUTO:
      return only === undefined ? "auto" : allowedTools("auto", names);
    case ToolChoiceMode.NONE:
      return "none";
    case ToolChoiceMode.REQUIRED:
      if (only === undefined) {
        return "required";
      }
      return names.length === 1
        ? { type: "function", function: { name: only } }
        : allowedTools("required", names);
    default:
      return undefined;
  }
}

/**
 * `tools`, and with them `tool_choice` and `parallel_tool_calls`: without tools the API refuses both, and
 * they mean nothing.
 */
export function toToolParams(input: ChatInput): ToolParams | undefined {
  const tools: ChatCompletionFunctionTool[] = [];
  for (const { tool } of input.tools) {
    if (tool.case === "function") tools.push(toFunctionTool(tool.value));
  }
  if (tools.length === 0) {
    return undefined;
  }
  const choice = input.toolChoice === undefined ? undefined : toToolChoice(input.toolChoice);
  const parallel = input.generationConfig?.parallelToolCalls;
  return {
    tools,
    ...(choice === undefined ? {} : { tool_choice: choice }),
    ...(parallel === undefined ? {} : { parallel_tool_calls: parallel }),
  };
}
