import { isCount, type JsonRecord, nonEmptyString } from "./untrusted-json.ts";
import type { StreamStart } from "./upstream.ts";

/** The last second that `google.protobuf.Timestamp` can hold. */
const lastSecond = 253_402_300_799;

/** What an answer says of itself, in its body or in a chunk. What is missing or of a wrong type is empty and fails nothing. */
export function readHead(body: JsonRecord): StreamStart {
  const created = body["created"];
  // 0 is what Azure sends before it knows; other nonsense does not fit a timestamp.
  const known = typeof created === "number" && created >= 1 && created <= lastSecond;
  return {
    id: nonEmptyString(body["id"]) ?? "",
    createdSeconds: known ? Math.floor(created) : undefined,
    modelVersion: nonEmptyString(body["model"]) ?? "",
  };
}

/** The index of a choice; its position where the upstream sends none, undefined where it sends nonsense. */
export function readChoiceIndex(choice: JsonRecord, position: number): number | undefined {
  const index = choice["index"] ?? position;
  return isCount(index) ? index : undefined;
}
