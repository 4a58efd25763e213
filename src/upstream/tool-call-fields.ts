import { isAbsent, isRecord } from "./untrusted-json.ts";

/**
 * Arguments of a tool call: the model's text verbatim, valid JSON or not. Some upstreams send them parsed;
 * then they are written as JSON. Undefined for any other shape.
 */
export function readArguments(value: unknown): string | undefined {
  if (isAbsent(value)) {
    return "";
  }
  if (typeof value === "string") {
    return value;
  }
  try {
    return isRecord(value) ? JSON.stringify(value) : undefined;
  } catch {
    // Nested deeper than the stack: JSON.parse takes what JSON.stringify cannot write.
    return undefined;
  }
}

/**
 * An id for a tool call that its upstream gave none: the contract needs one to refer to. Different from
 * those of other turns as far as completion ids are, and the same whenever the same answer is read.
 */
export function inventToolCallId(completionId: string, choiceIndex: number, toolIndex: number): string {
  const unique = completionId.replaceAll(/[^A-Za-z0-9_-]/g, "").slice(-48);
  return ["call", ...(unique === "" ? [] : [unique]), choiceIndex, toolIndex].join("_");
}
