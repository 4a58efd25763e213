import type { Media } from "../../gen/switchyard/v1/content_pb.ts";
import { parseDataUri } from "../upstream/data-uri.ts";
import { textProblems } from "./text-problems.ts";
import type { FieldProblem } from "./validate-message.ts";

/** The media fields of a content part. */
export type MediaKind = "image" | "audio" | "file";

/** A MIME type with token parameters: it goes into a `data:` URI, where a comma or a quote would end it. */
const mimeType = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:\s*;\s*[\w!#$&^.+-]+=[\w!#$&^.+-]+)*$/;

function* mimeProblems(field: string, kind: MediaKind, type: string): Generator<FieldProblem> {
  if (!mimeType.test(type)) {
    yield { field, description: "must be a MIME type such as image/png, audio/wav or application/pdf" };
  } else if (kind !== "file" && !type.toLowerCase().startsWith(`${kind}/`)) {
    yield { field, description: `must begin with ${kind}/; other data goes into a file part` };
  }
}

function* uriProblems(field: string, kind: MediaKind, uri: string): Generator<FieldProblem> {
  const data = parseDataUri(uri);
  if (data === undefined) {
    if (!/^https:\/\//i.test(uri) || !URL.canParse(uri)) {
      yield { field, description: "must be an https: or data: URI" };
    }
    return;
  }
  if (data.mimeType !== "") {
    yield* mimeProblems(field, kind, data.mimeType);
  }
  if (data.data === "") {
    yield { field, description: "must not be an empty data: URI" };
  } else if (kind === "audio" && !data.isBase64) {
    yield { field, description: "must be a base64 data: URI; upstreams take sound in no other form" };
  }
}

/** Checks that the source can be passed on; what it holds is the upstream's matter. */
export function* mediaProblems(path: string, kind: MediaKind, media: Media): Generator<FieldProblem> {
  const { source } = media;
  switch (source.case) {
    case "inlineData":
      if (source.value.length === 0) {
        yield { field: `${path}.inline_data`, description: "must not be empty" };
      }
      if (media.mimeType === "") {
        yield { field: `${path}.mime_type`, description: "is needed with inline_data, such as image/png" };
      }
      break;
    case "uri":
      yield* textProblems(`${path}.uri`, source.value);
      yield* uriProblems(`${path}.uri`, kind, source.value);
      break;
    case "fileId":
      yield* textProblems(`${path}.file_id`, source.value);
      if (source.value === "") {
        yield { field: `${path}.file_id`, description: "must not be empty" };
      }
      break;
    case undefined:
      yield { field: path, description: "needs one of inline_data, uri, file_id" };
      break;
  }
  if (media.mimeType !== "") {
    yield* mimeProblems(`${path}.mime_type`, kind, media.mimeType);
  }
  yield* textProblems(`${path}.filename`, media.filename ?? "");
}
