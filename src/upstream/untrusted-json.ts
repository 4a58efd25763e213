/** A JSON object whose members nobody has checked. */
export type JsonRecord = Readonly<Record<string, unknown>>;

const maxInt32 = 2_147_483_647;

/** True for a JSON object: neither null nor an array. */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True where a member says nothing: it is missing or null. */
export function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/** True for a whole number that a Protobuf int32 holds and that is not negative: a count or an index. */
export function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= maxInt32;
}

/** The string, or undefined for anything else and for the empty string. */
export function nonEmptyString(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The parsed text, or undefined where it is not JSON; JSON's own `null` comes back as `null`. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * What a body says instead of an answer: the member `error` where it says something, or the body itself where it
 * calls itself an error (vLLM, Anthropic). Undefined where it says nothing of the kind.
 */
export function errorMember(body: unknown): unknown {
  if (!isRecord(body)) {
    return undefined;
  }
  const { error } = body;
  if (!isAbsent(error) && error !== "" && error !== false) {
    return error;
  }
  return body["object"] === "error" || body["type"] === "error" ? body : undefined;
}
