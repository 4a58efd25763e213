import { type ApiError, badRequest } from "./api-error.ts";
import { type Prompt, readMessages } from "./chat-messages.ts";
import { readToolUse, type ToolUse } from "./chat-tools.ts";
import { isObject, type JsonObject } from "./json-object.ts";
import { countTokens } from "./tokens.ts";

/** What is asked of the form of the answer. */
type AnswerFormat =
  | { readonly kind: "text" }
  | { readonly kind: "json_object" }
  | { readonly kind: "json_schema"; readonly schema: unknown };

/** A request for a chat completion, read and found valid. */
export interface ChatRequest {
  readonly kind: "request";
  readonly model: string;
  readonly prompt: Prompt;
  readonly toolUse: ToolUse;
  readonly parallelToolCalls: boolean;
  readonly format: AnswerFormat;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly maxTokens: number | undefined;
  readonly stop: readonly string[];
  /** How many choices: 1 to 128. */
  readonly count: number;
  /** Undefined: no log probabilities. 0 to 20 alternatives a token. */
  readonly topLogprobs: number | undefined;
  /** What the answer depends on, as text: the limits and the way of delivery are not part of it. */
  readonly identity: string;
}

interface NumberRule {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly integer: boolean;
}

const numberRules: readonly NumberRule[] = [
  { name: "temperature", least: 0, most: 2, integer: false },
  { name: "top_p", least: 0, most: 1, integer: false },
  { name: "presence_penalty", least: -2, most: 2, integer: false },
  { name: "frequency_penalty", least: -2, most: 2, integer: false },
  { name: "n", least: 1, most: 128, integer: true },
  { name: "max_tokens", least: 1, most: Number.MAX_SAFE_INTEGER, integer: true },
  { name: "max_completion_tokens", least: 1, most: Number.MAX_SAFE_INTEGER, integer: true },
  { name: "top_logprobs", least: 0, most: 20, integer: true },
  // Any 64-bit seed: JSON numbers beyond 2^53 lose digits before we see them, which harms nothing.
  { name: "seed", least: -(2 ** 63), most: 2 ** 63, integer: true },
];

const booleanNames: readonly string[] = ["stream", "logprobs", "parallel_tool_calls"];

function checkScalars(body: JsonObject): ApiError | undefined {
  for (const { name, least, most, integer } of numberRules) {
    const value = body[name];
    if (value === undefined || value === null) continue;
    if (typeof value !== "number" || (integer && !Number.isInteger(value))) {
      return badRequest(
        name,
        `Invalid type for '${name}': expected ${integer ? "an integer" : "a number"}.`,
        "invalid_type",
      );
    }
    if (value < least)
      return badRequest(name, `Invalid '${name}': below minimum value ${least}.`, "decimal_below_min_value");
    if (value > most)
      return badRequest(name, `Invalid '${name}': above maximum value ${most}.`, "decimal_above_max_value");
  }
  for (const name of booleanNames) {
    const value = body[name];
    if (value !== undefined && value !== null && typeof value !== "boolean") {
      return badRequest(name, `Invalid type for '${name}': expected a boolean.`, "invalid_type");
    }
  }
  if (typeof body["top_logprobs"] === "number" && body["logprobs"] !== true) {
    return badRequest("top_logprobs", "Invalid 'top_logprobs': it is only allowed when 'logprobs' is true.");
  }
  return undefined;
}

function checkStreamOptions(options: unknown, stream: unknown): ApiError | undefined {
  if (options === undefined || options === null) return undefined;
  if (!isObject(options))
    return badRequest(
      "stream_options",
      "Invalid type for 'stream_options': expected an object.",
      "invalid_type",
    );
  if (stream !== true) {
    return badRequest(
      "stream_options",
      "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
    );
  }
  const usage = options["include_usage"];
  if (usage === undefined || usage === null || typeof usage === "boolean") return undefined;
  return badRequest(
    "stream_options.include_usage",
    "Invalid type for 'stream_options.include_usage': expected a boolean.",
    "invalid_type",
  );
}

function readStop(value: unknown): readonly string[] | ApiError {
  if (value === undefined || value === null) return [];
  const stops: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (stops.length > 4)
    return badRequest(
      "stop",
      "Invalid 'stop': array too long. Expected at most 4.",
      "array_above_max_length",
    );
  const texts = stops.filter((stop) => typeof stop === "string");
  if (texts.length < stops.length)
    return badRequest(
      "stop",
      "Invalid type for 'stop': expected a string or an array of strings.",
      "invalid_type",
    );
  return texts.filter((text) => text !== "");
}

function readFormat(value: unknown): AnswerFormat | ApiError {
  if (value === undefined || value === null) return { kind: "text" };
  if (!isObject(value))
    return badRequest(
      "response_format",
      "Invalid type for 'response_format': expected an object.",
      "invalid_type",
    );
  if (value["type"] === "text" || value["type"] === "json_object") return { kind: value["type"] };
  if (value["type"] !== "json_schema") {
    return badRequest(
      "response_format.type",
      "Invalid value for 'response_format.type'. Supported values are: 'text', 'json_object', 'json_schema'.",
      "invalid_value",
    );
  }
  const described = value["json_schema"];
  if (!isObject(described) || typeof described["name"] !== "string" || described["name"] === "") {
    return badRequest(
      "response_format.json_schema.name",
      "Missing required parameter: 'response_format.json_schema.name'.",
      "missing_required_parameter",
    );
  }
  const schema = described["schema"];
  if (schema !== undefined && !isObject(schema) && typeof schema !== "boolean") {
    return badRequest(
      "response_format.json_schema.schema",
      "Invalid schema for response_format: expected an object.",
    );
  }
  return { kind: "json_schema", schema: schema ?? true };
}

function numberIn(body: JsonObject, name: string): number | undefined {
  const value = body[name];
  return typeof value === "number" ? value : undefined;
}

/** Reads the body of `POST /v1/chat/completions`, or says in the API's words what is wrong with it. */
export function readChatRequest(body: JsonObject, model: string): ChatRequest | ApiError {
  const unfit = checkScalars(body) ?? checkStreamOptions(body["stream_options"], body["stream"]);
  if (unfit !== undefined) return unfit;
  const prompt = readMessages(body["messages"]);
  if (prompt.kind === "error") return prompt;
  const toolUse = readToolUse(body["tools"], body["tool_choice"]);
  if (toolUse.kind === "error") return toolUse;
  const format = readFormat(body["response_format"]);
  if (format.kind === "error") return format;
  const stop = readStop(body["stop"]);
  if ("kind" in stop) return stop;
  const { messages, tools, tool_choice, response_format, seed, temperature, top_p } = body;
  const toolTokens = toolUse.tools.length === 0 ? 0 : countTokens(JSON.stringify(tools));
  const options = body["stream_options"];
  return {
    kind: "request",
    model,
    prompt: { ...prompt, promptTokens: prompt.promptTokens + toolTokens },
    toolUse,
    parallelToolCalls: body["parallel_tool_calls"] !== false,
    format,
    stream: body["stream"] === true,
    includeUsage: isObject(options) && options["include_usage"] === true,
    maxTokens: numberIn(body, "max_completion_tokens") ?? numberIn(body, "max_tokens"),
    stop,
    count: numberIn(body, "n") ?? 1,
    topLogprobs: body["logprobs"] === true ? (numberIn(body, "top_logprobs") ?? 0) : undefined,
    identity: JSON.stringify([
      model,
      messages,
      tools,
      tool_choice,
      response_format,
      seed,
      temperature,
      top_p,
    ]),
  };
}
