import {
  type ContentPart,
  type Message,
  Role,
  type ToolCall,
  type ToolResult,
} from "../../gen/switchyard/v1/content_pb.ts";
import { type FieldPath, fieldIn } from "./field-path.ts";
import { addMediaProblems } from "./media-problems.ts";
import { addProblem, isFull, type ProblemList } from "./problem-list.ts";
import { addTextProblems } from "./text-problems.ts";

/** Ids of the tool calls so far; undefined while there is none, as in most conversations. */
interface CallIds {
  /** Of the messages before the one under way. */
  earlier: Set<string> | undefined;
  /** Of the message under way. */
  here: Set<string> | undefined;
}

/** Text and media, which stand in every role but ROLE_TOOL and in tool results. */
function addPlainPartProblems(problems: ProblemList, path: FieldPath, { part }: ContentPart): void {
  switch (part.case) {
    case "text":
      addTextProblems(problems, path, "text", part.value);
      break;
    case "image":
    case "audio":
    case "file":
      addMediaProblems(problems, fieldIn(path, part.case), part.case, part.value);
      break;
    case "toolCall":
    case "toolResult":
    case "reasoning":
    case "refusal":
    case undefined:
      addProblem(problems, path, "must be text, image, audio or file");
      break;
  }
}

function addToolCallProblems(problems: ProblemList, path: FieldPath, call: ToolCall, ids: CallIds): void {
  addTextProblems(problems, path, "id", call.id);
  addTextProblems(problems, path, "name", call.name);
  addTextProblems(problems, path, "arguments_json", call.argumentsJson);
  ids.here ??= new Set();
  if (ids.here.has(call.id)) {
    addProblem(
      problems,
      fieldIn(path, "id"),
      "is the id of another tool_call of this message; give each its own, so that results can refer to it",
    );
  }
  ids.here.add(call.id);
}

function addToolResultProblems(
  problems: ProblemList,
  path: FieldPath,
  result: ToolResult,
  ids: CallIds,
): void {
  addTextProblems(problems, path, "tool_call_id", result.toolCallId);
  if (ids.earlier?.has(result.toolCallId) !== true) {
    addProblem(
      problems,
      fieldIn(path, "tool_call_id"),
      "is the id of no tool_call before it; send the ROLE_ASSISTANT message that made the call, or correct the id",
    );
  }
  for (const [index, part] of result.parts.entries()) {
    if (isFull(problems)) return;
    addPlainPartProblems(problems, fieldIn(path, "parts", index), part);
  }
}

function needsAssistant(problems: ProblemList, role: Role, path: FieldPath, name: string): void {
  if (role !== Role.ASSISTANT) {
    addProblem(problems, fieldIn(path, name), "needs a message with ROLE_ASSISTANT: it is what a model said");
  }
}

function addPartProblems(
  problems: ProblemList,
  path: FieldPath,
  role: Role,
  part: ContentPart,
  ids: CallIds,
): void {
  switch (part.part.case) {
    case "toolResult": {
      const field = fieldIn(path, "tool_result");
      if (role !== Role.TOOL) addProblem(problems, field, "needs a message of its own with ROLE_TOOL");
      addToolResultProblems(problems, field, part.part.value, ids);
      return;
    }
    case "toolCall":
      needsAssistant(problems, role, path, "tool_call");
      addToolCallProblems(problems, fieldIn(path, "tool_call"), part.part.value, ids);
      return;
    case "reasoning":
      needsAssistant(problems, role, path, "reasoning");
      addTextProblems(problems, fieldIn(path, "reasoning"), "text", part.part.value.text);
      return;
    case "refusal":
      needsAssistant(problems, role, path, "refusal");
      addTextProblems(problems, path, "refusal", part.part.value);
      return;
    case "text":
    case "image":
    case "audio":
    case "file":
      if (role === Role.TOOL) {
        addProblem(
          problems,
          fieldIn(path, part.part.case),
          "must stand in the parts of a tool_result: a message with ROLE_TOOL holds nothing else",
        );
      }
      addPlainPartProblems(problems, path, part);
      return;
    case undefined:
      addProblem(problems, path, "needs one kind of content");
  }
}

function addMessageProblems(problems: ProblemList, path: FieldPath, message: Message, ids: CallIds): void {
  addTextProblems(problems, path, "name", message.name ?? "");
  for (const [index, part] of message.parts.entries()) {
    if (isFull(problems)) return;
    addPartProblems(problems, fieldIn(path, "parts", index), message.role, part, ids);
  }
}

/**
 * Which part may stand in which role, and which tool result answers which call. A call may be answered
 * anywhere behind its message; whether every call is answered, the upstream says.
 */
export function addConversationProblems(
  problems: ProblemList,
  input: FieldPath,
  messages: readonly Message[],
): void {
  const ids: CallIds = { earlier: undefined, here: undefined };
  for (const [index, message] of messages.entries()) {
    if (isFull(problems)) return;
    addMessageProblems(problems, fieldIn(input, "messages", index), message, ids);
    if (ids.here !== undefined) {
      ids.earlier ??= new Set();
      for (const id of ids.here) ids.earlier.add(id);
      ids.here = undefined;
    }
  }
}
