import { toJsonString } from "@bufbuild/protobuf";
import type {
  ChatStreamResponse,
  ChoiceDelta,
  StreamFinished,
} from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { ChatStreamResponseSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { ErrorReasonSchema } from "../../gen/switchyard/v1/routing_pb.ts";
import type { CliContext } from "./cli-context.ts";
import { enumName } from "./words.ts";

/** One line of protobuf JSON an event, heartbeats included. True once the answer is whole. */
export async function printStreamJson(
  events: AsyncIterable<ChatStreamResponse>,
  { stdout }: Pick<CliContext, "stdout">,
): Promise<boolean> {
  let whole = false;
  for await (const message of events) {
    whole ||= message.event.case === "finished";
    stdout.line(toJsonString(ChatStreamResponseSchema, message));
  }
  return whole;
}

/** Prints deltas as they come. Undefined: the stream ended without its proof of being whole. */
export async function printStreamText(
  events: AsyncIterable<ChatStreamResponse>,
  { stdout }: Pick<CliContext, "stdout">,
): Promise<StreamFinished | undefined> {
  const deltas = createDeltaText();
  try {
    for await (const { event } of events) {
      switch (event.case) {
        case "delta":
          stdout.write(deltas.text(event.value));
          break;
        case "restarted": {
          const { failedAttempt, deployment } = event.value;
          const why = failedAttempt?.error;
          const reason = why === undefined ? "failed" : enumName(ErrorReasonSchema, why.reason);
          stdout.write(
            `${deltas.end()}\n[${failedAttempt?.deployment ?? "the deployment"} broke off (${reason}): ` +
              `the answer starts over from ${deployment}]\n\n`,
          );
          break;
        }
        case "finished":
          return event.value;
        case "started":
        case "heartbeat":
        case undefined:
          break;
      }
    }
    return undefined;
  } finally {
    stdout.write(deltas.end());
  }
}

/**
 * Turns deltas into text. Tool calls come as fragments, those of several interleaved: they are put together
 * and stand below the text.
 */
function createDeltaText(): { text: (delta: ChoiceDelta) => string; end: () => string } {
  const toolCalls = new Map<string, { name: string; id: string; argumentsJson: string }>();
  let lineOpen = false;

  function text({ index, delta }: ChoiceDelta): string {
    if (delta.case === "text" || delta.case === "refusal") {
      lineOpen = !delta.value.endsWith("\n");
      return delta.value;
    }
    if (delta.case === "toolCall") {
      const { toolIndex, name, id, argumentsFragment } = delta.value;
      const place = `${index}/${toolIndex}`;
      const call = toolCalls.get(place) ?? { name, id, argumentsJson: "" };
      toolCalls.set(place, { ...call, argumentsJson: call.argumentsJson + argumentsFragment });
    }
    return "";
  }

  /** What is left to print; then it begins again. */
  function end(): string {
    const calls = [...toolCalls.values()].map(
      ({ name, id, argumentsJson }) => `[calls ${name}(${argumentsJson}) as ${id}]\n`,
    );
    const closing = `${lineOpen ? "\n" : ""}${calls.join("")}`;
    toolCalls.clear();
    lineOpen = false;
    return closing;
  }

  return { text, end };
}
