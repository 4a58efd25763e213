import type { MessageInitShape } from "@bufbuild/protobuf";
import { Role } from "../../gen/switchyard/v1/content_pb.ts";
import type { ChatInputSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";

/** A chat of one message: what a person says. */
export function userText(text: string): MessageInitShape<typeof ChatInputSchema> {
  return { messages: [{ role: Role.USER, parts: [{ part: { case: "text", value: text } }] }] };
}
