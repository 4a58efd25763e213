import { type ApiError, badRequest } from "./api-error.ts";
import { isObject, type JsonObject } from "./json-object.ts";
import { countTokens } from "./tokens.ts";

/** What the answer has to know of one message. */
interface PromptMessage {
  readonly role: string;
  readonly text: string;
  readonly attachments: readonly Attachment[];
}

type Attachment = "image" | "audio" | "file";

/** The messages of a request, read and found coherent. */
export interface Prompt {
  readonly kind: "prompt";
  readonly messages: readonly PromptMessage[];
  readonly promptTokens: number;
}

const roles: ReadonlySet<string> = new Set(["system", "developer", "user", "assistant", "tool", "function"]);

// What an image or a second of sound costs depends on the model; these are the orders of magnitude.
const attachmentTokens: Readonly<Record<Attachment, number>> = { image: 85, audio: 120, file: 250 };

interface Content {
  readonly kind: "content";
  readonly text: string;
  readonly attachments: readonly Attachment[];
}

interface PartKind {
  readonly member: string;
  readonly attachment?: Attachment;
}

// A map: a part may call its type `constructor`.
const partKinds: ReadonlyMap<string, PartKind> = new Map([
  ["text", { member: "text" }],
  ["refusal", { member: "refusal" }],
  ["image_url", { member: "image_url", attachment: "image" }],
  ["input_audio", { member: "input_audio", attachment: "audio" }],
  ["file", { member: "file", attachment: "file" }],
]);

function readPart(part: unknown, path: string): Content | ApiError {
  if (!isObject(part)) return badRequest(path, `Invalid type for '${path}': expected an object.`);
  const known = typeof part["type"] === "string" ? partKinds.get(part["type"]) : undefined;
  if (known === undefined) {
    const allowed = [...partKinds.keys()].join("', '");
    return badRequest(
      `${path}.type`,
      `Invalid value for '${path}.type'. Supported values are: '${allowed}'.`,
      "invalid_value",
    );
  }
  const value = part[known.member];
  const expected = known.attachment === undefined ? "string" : "object";
  if (expected === "string" ? typeof value !== "string" : !isObject(value)) {
    return badRequest(
      `${path}.${known.member}`,
      `Missing or invalid '${path}.${known.member}': expected ${expected}.`,
    );
  }
  if (known.attachment !== undefined) return { kind: "content", text: "", attachments: [known.attachment] };
  return { kind: "content", text: typeof value === "string" ? value : "", attachments: [] };
}

function readContent(content: unknown, path: string, mayBeAbsent: boolean): Content | ApiError {
  if (typeof content === "string") return { kind: "content", text: content, attachments: [] };
  if (content === undefined || content === null) {
    if (mayBeAbsent) return { kind: "content", text: "", attachments: [] };
    return badRequest(path, `Invalid value for '${path}': expected a string or an array of parts, got null.`);
  }
  if (!Array.isArray(content)) {
    return badRequest(
      path,
      `Invalid type for '${path}': expected a string or an array of parts.`,
      "invalid_type",
    );
  }
  const texts: string[] = [];
  const attachments: Attachment[] = [];
  for (const [at, part] of content.entries()) {
    const read = readPart(part, `${path}[${at}]`);
    if (read.kind === "error") return read;
    if (read.text !== "") texts.push(read.text);
    attachments.push(...read.attachments);
  }
  return { kind: "content", text: texts.join("\n"), attachments };
}

/** The ids of the calls in an assistant message, and how many tokens their text has. */
function readToolCalls(
  message: JsonObject,
  path: string,
): { readonly ids: string[]; readonly tokens: number } | ApiError {
  const calls = message["tool_calls"];
  if (calls === undefined || calls === null) return { ids: [], tokens: 0 };
  if (!Array.isArray(calls))
    return badRequest(`${path}.tool_calls`, `Invalid type for '${path}.tool_calls': expected an array.`);
  const ids: string[] = [];
  for (const [at, call] of calls.entries()) {
    if (!isObject(call) || typeof call["id"] !== "string") {
      return badRequest(
        `${path}.tool_calls[${at}].id`,
        `Missing required parameter: '${path}.tool_calls[${at}].id'.`,
      );
    }
    ids.push(call["id"]);
  }
  return { ids, tokens: calls.length === 0 ? 0 : countTokens(JSON.stringify(calls)) };
}

/** Reads `messages`, and refuses what the API refuses: unknown roles, results without a call, calls without a result. */
export function readMessages(value: unknown): Prompt | ApiError {
  if (value === undefined)
    return badRequest("messages", "Missing required parameter: 'messages'.", "missing_required_parameter");
  if (!Array.isArray(value))
    return badRequest("messages", "Invalid type for 'messages': expected an array.", "invalid_type");
  if (value.length === 0)
    return badRequest(
      "messages",
      "Invalid 'messages': empty array. Expected an array with minimum length 1.",
      "empty_array",
    );
  const messages: PromptMessage[] = [];
  let promptTokens = 3;
  let open: Set<string> = new Set();
  for (const [at, message] of value.entries()) {
    const path = `messages[${at}]`;
    if (!isObject(message))
      return badRequest(path, `Invalid type for '${path}': expected an object.`, "invalid_type");
    const role = message["role"];
    if (typeof role !== "string" || !roles.has(role)) {
      return badRequest(
        `${path}.role`,
        `Invalid value for '${path}.role'. Supported values are: '${[...roles].join("', '")}'.`,
        "invalid_value",
      );
    }
    const calls = role === "assistant" ? readToolCalls(message, path) : { ids: [], tokens: 0 };
    if ("kind" in calls) return calls;
    const content = readContent(message["content"], `${path}.content`, role === "assistant");
    if (content.kind === "error") return content;
    if (role === "tool") {
      const id = message["tool_call_id"];
      if (typeof id !== "string")
        return badRequest(
          `${path}.tool_call_id`,
          `Missing parameter '${path}.tool_call_id': messages with role 'tool' must have a 'tool_call_id'.`,
        );
      if (!open.delete(id)) {
        return badRequest(
          path,
          "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.",
        );
      }
    } else if (open.size > 0) {
      return unanswered(open, path);
    }
    if (calls.ids.length > 0) open = new Set(calls.ids);
    promptTokens += 4 + countTokens(content.text) + calls.tokens;
    for (const attachment of content.attachments) promptTokens += attachmentTokens[attachment];
    messages.push({ role, text: content.text, attachments: content.attachments });
  }
  if (open.size > 0) return unanswered(open, `messages[${value.length - 1}]`);
  return { kind: "prompt", messages, promptTokens };
}

function unanswered(open: ReadonlySet<string>, path: string): ApiError {
  return badRequest(
    path,
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. ${open.size} had no response.`,
  );
}
