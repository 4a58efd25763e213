import type { Media } from "../../gen/switchyard/v1/content_pb.ts";
import { parseDataUri } from "../upstream/data-uri.ts";
import { type FieldPath, fieldIn } from "./field-path.ts";
import { addProblem, type ProblemList } from "./problem-list.ts";
import { addTextProblems } from "./text-problems.ts";

/** The media fields of a content part. */
export type MediaKind = "image" | "audio" | "file";

/** A MIME type with token parameters: it goes into a `data:` URI, where a comma or a quote would end it. */
const mimeType = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:\s*;\s*[\w!#$&^.+-]+=[\w!#$&^.+-]+)*$/;

function addMimeProblems(problems: ProblemList, field: FieldPath, kind: MediaKind, type: string): void {
  if (!mimeType.test(type)) {
    addProblem(problems, field, "must be a MIME type such as image/png, audio/wav or application/pdf");
  } else if (kind !== "file" && !type.toLowerCase().startsWith(`${kind}/`)) {
    addProblem(problems, field, `must begin with ${kind}/; other data goes into a file part`);
  }
}

function addUriProblems(problems: ProblemList, field: FieldPath, kind: MediaKind, uri: string): void {
  const data = parseDataUri(uri);
  if (data === undefined) {
    if (!/^https:\/\//i.test(uri) || !URL.canParse(uri)) {
      addProblem(problems, field, "must be an https: or data: URI");
    }
    return;
  }
  if (data.mimeType !== "") {
    addMimeProblems(problems, field, kind, data.mimeType);
  }
  if (data.data === "") {
    addProblem(problems, field, "must not be an empty data: URI");
  } else if (kind === "audio" && !data.isBase64) {
    addProblem(problems, field, "must be a base64 data: URI; upstreams take sound in no other form");
  }
}

/** Checks that the source can be passed on; what it holds is the upstream's matter. */
export function addMediaProblems(
  problems: ProblemList,
  path: FieldPath,
  kind: MediaKind,
  media: Media,
): void {
  const { source } = media;
  switch (source.case) {
    case "inlineData":
      if (source.value.length === 0) {
        addProblem(problems, fieldIn(path, "inline_data"), "must not be empty");
      }
      if (media.mimeType === "") {
        const field = fieldIn(path, "mime_type");
        addProblem(problems, field, "is needed with inline_data, such as image/png");
      }
      break;
    case "uri":
      addTextProblems(problems, path, "uri", source.value);
      addUriProblems(problems, fieldIn(path, "uri"), kind, source.value);
      break;
    case "fileId":
      addTextProblems(problems, path, "file_id", source.value);
      if (source.value === "") {
        addProblem(problems, fieldIn(path, "file_id"), "must not be empty");
      }
      break;
    case undefined:
      addProblem(problems, path, "needs one of inline_data, uri, file_id");
      break;
  }
  if (media.mimeType !== "") {
    addMimeProblems(problems, fieldIn(path, "mime_type"), kind, media.mimeType);
  }
  addTextProblems(problems, path, "filename", media.filename ?? "");
}
