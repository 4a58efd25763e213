import {
  type ContentPart,
  type Message,
  Role,
  type ToolCall,
  type ToolResult,
} from "../../gen/switchyard/v1/content_pb.ts";
import { textProblems } from "./text-problems.ts";
import type { FieldProblem } from "./validate-message.ts";
import { mediaProblems } from "./media-problems.ts";

/** Ids of the tool calls so far: of the whole conversation, and of the message under way. */
interface CallIds {
  readonly earlier: Set<string>;
  readonly here: Set<string>;
}

/** Text and media, which stand in every role but ROLE_TOOL and in tool results. */
function* plainPartProblems(path: string, { part }: ContentPart): Generator<FieldProblem> {
  switch (part.case) {
    case "text":
      yield* textProblems(`${path}.text`, part.value);
      break;
    case "image":
    case "audio":
    case "file":
      yield* mediaProblems(`${path}.${part.case}`, part.case, part.value);
      break;
    case "toolCall":
    case "toolResult":
    case "reasoning":
    case "refusal":
    case undefined:
      yield { field: path, description: "must be text, image, audio or file" };
      break;
  }
}

function* toolCallProblems(path: string, call: ToolCall, ids: CallIds): Generator<FieldProblem> {
  yield* textProblems(`${path}.id`, call.id);
  yield* textProblems(`${path}.name`, call.name);
  yield* textProblems(`${path}.arguments_json`, call.argumentsJson);
  if (ids.here.has(call.id)) {
    yield {
      field: `${path}.id`,
      description:
        "is the id of another tool_call of this message; give each its own, so that results can refer to it",
    };
  }
  ids.here.add(call.id);
}

function* toolResultProblems(path: string, result: ToolResult, ids: CallIds): Generator<FieldProblem> {
  yield* textProblems(`${path}.tool_call_id`, result.toolCallId);
  if (!ids.earlier.has(result.toolCallId)) {
    yield {
      field: `${path}.tool_call_id`,
      description:
        "is the id of no tool_call before it; send the ROLE_ASSISTANT message that made the call, or correct the id",
    };
  }
  for (const [index, part] of result.parts.entries()) {
    yield* plainPartProblems(`${path}.parts[${index}]`, part);
  }
}

function needsAssistant(field: string): FieldProblem {
  return { field, description: "needs a message with ROLE_ASSISTANT: it is what a model said" };
}

function* partProblems(path: string, role: Role, part: ContentPart, ids: CallIds): Generator<FieldProblem> {
  const byAssistant = role === Role.ASSISTANT;
  switch (part.part.case) {
    case "toolResult":
      if (role !== Role.TOOL) {
        yield { field: `${path}.tool_result`, description: "needs a message of its own with ROLE_TOOL" };
      }
      yield* toolResultProblems(`${path}.tool_result`, part.part.value, ids);
      return;
    case "toolCall":
      if (!byAssistant) {
        yield needsAssistant(`${path}.tool_call`);
      }
      yield* toolCallProblems(`${path}.tool_call`, part.part.value, ids);
      return;
    case "reasoning":
      if (!byAssistant) {
        yield needsAssistant(`${path}.reasoning`);
      }
      yield* textProblems(`${path}.reasoning.text`, part.part.value.text);
      return;
    case "refusal":
      if (!byAssistant) {
        yield needsAssistant(`${path}.refusal`);
      }
      yield* textProblems(`${path}.refusal`, part.part.value);
      return;
    case "text":
    case "image":
    case "audio":
    case "file":
      if (role === Role.TOOL) {
        yield {
          field: `${path}.${part.part.case}`,
          description:
            "must stand in the parts of a tool_result: a message with ROLE_TOOL holds nothing else",
        };
      }
      yield* plainPartProblems(path, part);
      return;
    case undefined:
      yield { field: path, description: "needs one kind of content" };
  }
}

/**
 * Which part may stand in which role, and which tool result answers which call. A call may be answered
 * anywhere behind its message; whether every call is answered, the upstream says.
 */
export function* messageProblems(path: string, messages: readonly Message[]): Generator<FieldProblem> {
  const earlier = new Set<string>();
  for (const [index, message] of messages.entries()) {
    const here = new Set<string>();
    yield* textProblems(`${path}[${index}].name`, message.name ?? "");
    for (const [at, part] of message.parts.entries()) {
      yield* partProblems(`${path}[${index}].parts[${at}]`, message.role, part, { earlier, here });
    }
    for (const id of here) {
      earlier.add(id);
    }
  }
}
