import { isAbsent, isRecord, type JsonRecord, nonEmptyString } from "./untrusted-json.ts";

/** Text of a message or of a piece of it, by its kind; empty where there is none. */
export interface ContentText {
  readonly text: string;
  readonly refusal: string;
  readonly reasoning: string;
}

/** Text of a part whose own text may again be a list of parts, as in Mistral's `thinking`. */
function innerText(value: unknown): string {
  if (Array.isArray(value)) {
    return value.map((part) => (isRecord(part) ? (nonEmptyString(part["text"]) ?? "") : "")).join("");
  }
  return typeof value === "string" ? value : "";
}

function readParts(parts: readonly unknown[]): ContentText | undefined {
  let text = "";
  let refusal = "";
  let reasoning = "";
  for (const part of parts) {
    if (typeof part === "string") {
      text += part;
    } else if (isRecord(part)) {
      text += innerText(part["text"]);
      refusal += innerText(part["refusal"]);
      reasoning += innerText(part["thinking"]);
    } else {
      return undefined;
    }
  }
  return { text, refusal, reasoning };
}

/**
 * Reads `content` and `refusal` of a message or delta: a string, null, nothing, or an array of parts, as some
 * upstreams answer. Undefined for any other shape. Parts that hold no text are left out.
 */
export function readContentText(message: JsonRecord): ContentText | undefined {
  const { content, refusal } = message;
  if (!isAbsent(refusal) && typeof refusal !== "string") {
    return undefined;
  }
  const own = refusal ?? "";
  if (isAbsent(content)) {
    return { text: "", refusal: own, reasoning: "" };
  }
  if (typeof content === "string") {
    return { text: content, refusal: own, reasoning: "" };
  }
  const parts = Array.isArray(content) ? readParts(content) : undefined;
  return parts === undefined ? undefined : { ...parts, refusal: parts.refusal + own };
}
