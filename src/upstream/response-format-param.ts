import type { ChatCompletionCreateParams } from "openai/resources/chat/completions";
import type { ResponseFormat } from "../../gen/switchyard/v1/content_pb.ts";
import { readSchemaText } from "./schema-text.ts";

/** `response_format`; nothing where the caller set none. */
export function toResponseFormatParam(
  responseFormat: ResponseFormat | undefined,
): Pick<ChatCompletionCreateParams, "response_format"> | undefined {
  const format = responseFormat?.format;
  switch (format?.case) {
    case "text":
      return { response_format: { type: "text" } };
    case "jsonObject":
      return { response_format: { type: "json_object" } };
    case "jsonSchema": {
      const { name, description, jsonSchema, strict } = format.value;
      const schema = readSchemaText(jsonSchema);
      return {
        response_format: {
          type: "json_schema",
          json_schema: {
            name,
            ...(description === "" ? {} : { description }),
            ...(schema === undefined ? {} : { schema }),
            ...(strict === undefined ? {} : { strict }),
          },
        },
      };
    }
    case undefined:
      break;
  }
  return undefined;
}
