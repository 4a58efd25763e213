import { type ApiError, badRequest } from "./api-error.ts";
import { isObject } from "./json-object.ts";

/** A tool that the answer may call. */
export interface Tool {
  readonly type: "function" | "custom";
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters: unknown;
}

/** Which tools may or must be called, as `tools` and `tool_choice` say together. */
export interface ToolUse {
  readonly kind: "tools";
  readonly mode: "none" | "auto" | "required";
  /** Those that may be called: one, where the request names it. */
  readonly tools: readonly Tool[];
}

const mostTools = 128;
const namePattern = /^[a-zA-Z0-9_-]{1,64}$/;

function readTool(tool: unknown, path: string): Tool | ApiError {
  if (!isObject(tool))
    return badRequest(path, `Invalid type for '${path}': expected an object.`, "invalid_type");
  const type = tool["type"];
  if (type !== "function" && type !== "custom") {
    return badRequest(
      `${path}.type`,
      `Invalid value for '${path}.type'. Supported values are: 'function', 'custom'.`,
      "invalid_value",
    );
  }
  const body = tool[type];
  if (!isObject(body)) return badRequest(`${path}.${type}`, `Missing required parameter: '${path}.${type}'.`);
  const name = body["name"];
  if (typeof name !== "string" || !namePattern.test(name)) {
    return badRequest(
      `${path}.${type}.name`,
      `Invalid '${path}.${type}.name': expected a string that matches the pattern '${namePattern.source}'.`,
      "invalid_value",
    );
  }
  const parameters = body["parameters"];
  if (parameters !== undefined && parameters !== null && !isObject(parameters)) {
    return badRequest(
      `${path}.${type}.parameters`,
      `Invalid schema for function '${name}': expected an object.`,
      "invalid_function_parameters",
    );
  }
  if (isObject(parameters) && parameters["type"] !== undefined && parameters["type"] !== "object") {
    return badRequest(
      `${path}.${type}.parameters`,
      `Invalid schema for function '${name}': schema must be a JSON Schema of 'type: "object"'.`,
      "invalid_function_parameters",
    );
  }
  const description = typeof body["description"] === "string" ? body["description"] : "";
  return { type, name, description, parameters: parameters ?? {} };
}

/** The names in an entry of `tool_choice` or `allowed_tools`. */
function namedTool(choice: unknown): string | undefined {
  if (!isObject(choice)) return undefined;
  const body = choice["type"] === "custom" ? choice["custom"] : choice["function"];
  return isObject(body) && typeof body["name"] === "string" ? body["name"] : undefined;
}

function chooseNamed(
  tools: readonly Tool[],
  names: readonly (string | undefined)[],
  mode: ToolUse["mode"],
): ToolUse | ApiError {
  const wanted: Tool[] = [];
  for (const name of names) {
    const tool = tools.find((candidate) => candidate.name === name);
    if (tool === undefined) {
      return badRequest(
        "tool_choice",
        "Invalid value for 'tool_choice': it names a tool that is not in 'tools'.",
      );
    }
    wanted.push(tool);
  }
  return { kind: "tools", mode, tools: wanted };
}

/** Reads `tools` and `tool_choice`; refuses names that the one has and the other has not. */
export function readToolUse(toolsValue: unknown, choice: unknown): ToolUse | ApiError {
  if (toolsValue !== undefined && toolsValue !== null && !Array.isArray(toolsValue)) {
    return badRequest("tools", "Invalid type for 'tools': expected an array.", "invalid_type");
  }
  const entries: readonly unknown[] = Array.isArray(toolsValue) ? toolsValue : [];
  if (entries.length > mostTools) {
    return badRequest(
      "tools",
      `Invalid 'tools': array too long. Expected at most ${mostTools}.`,
      "array_above_max_length",
    );
  }
  const tools: Tool[] = [];
  for (const [at, entry] of entries.entries()) {
    const tool = readTool(entry, `tools[${at}]`);
    if ("kind" in tool) return tool;
    tools.push(tool);
  }
  if (choice === undefined || choice === null)
    return { kind: "tools", mode: tools.length > 0 ? "auto" : "none", tools };
  if (choice === "none") return { kind: "tools", mode: "none", tools };
  if (tools.length === 0) {
    return badRequest(
      "tool_choice",
      "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
    );
  }
  if (choice === "auto" || choice === "required") return { kind: "tools", mode: choice, tools };
  if (isObject(choice) && choice["type"] === "allowed_tools" && isObject(choice["allowed_tools"])) {
    const { tools: allowed, mode } = choice["allowed_tools"];
    const names = Array.isArray(allowed) ? allowed.map(namedTool) : [];
    return chooseNamed(tools, names, mode === "required" ? "required" : "auto");
  }
  if (isObject(choice)) return chooseNamed(tools, [namedTool(choice)], "required");
  return badRequest(
    "tool_choice",
    "Invalid value for 'tool_choice'. Supported values are: 'none', 'auto', 'required', or an object that names a tool.",
    "invalid_value",
  );
}
