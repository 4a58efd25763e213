import type { ContentPart, Media, Message } from "../../gen/switchyard/v1/content_pb.ts";

/** The words of an answer, in order; what is no text is named in brackets. Reasoning is left out. */
export function answerText(message: Message | undefined): string {
  return (message?.parts ?? []).map(partText).join("");
}

function partText({ part }: ContentPart): string {
  switch (part.case) {
    case "text":
      return part.value;
    case "refusal":
      return `[refused: ${part.value}]`;
    case "toolCall":
      return `\n[calls ${part.value.name}(${part.value.argumentsJson}) as ${part.value.id}]\n`;
    case "toolResult":
      return `[result of ${part.value.toolCallId}]`;
    case "image":
    case "audio":
    case "file":
      return `[${part.case}${mediaSource(part.value)}]`;
    case "reasoning":
    case undefined:
      return "";
  }
}

function mediaSource({ source, mimeType }: Media): string {
  if (source.case === "uri") return ` ${source.value}`;
  return mimeType === "" ? "" : ` ${mimeType}`;
}
