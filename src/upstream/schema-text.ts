import { verbatimNumber } from "./verbatim-number.ts";

/** Only these make `JSON.parse` lose something: keys that look like array indexes, and unusual numbers. */
const needsCare = /"\d+"\s*:|\\u00|\d[.eE]|\d{16}|-0/;

const token = /\s*(?:([{}[\],:])|("(?:[^"\\]|\\.)*")|([^\s{}[\],:"]+))/y;

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  token.lastIndex = 0;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    tokens.push(match[0].trim());
  }
  return tokens;
}

/** A number keeps the form in which it was written: 1.0, 1e400, more digits than a double has. */
function readScalar(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return typeof value === "number" && String(value) !== text ? verbatimNumber(text) : value;
}

/** An object whose keys are listed, and so serialised, in the order of the text; plain objects move indexes to the front. */
function toOrdered(entries: ReadonlyMap<string, unknown>): object {
  const plain = Object.fromEntries(entries);
  const keys = [...entries.keys()];
  const sameOrder = Object.keys(plain).every((key, index) => key === keys[index]);
  return sameOrder ? plain : new Proxy(plain, { ownKeys: () => keys });
}

/** Reads text that `JSON.parse` has accepted, so the grammar needs no second check. */
function readOrdered(text: string): unknown {
  const tokens = tokenize(text);
  let at = 0;
  const next = (): string => tokens[at++] ?? "";
  const readValue = (): unknown => {
    const first = next();
    if (first === "[") {
      const items: unknown[] = [];
      for (; tokens[at] !== "]"; at += tokens[at] === "," ? 1 : 0) {
        items.push(readValue());
      }
      at++;
      return items;
    }
    if (first === "{") {
      const entries = new Map<string, unknown>();
      for (; tokens[at] !== "}"; at += tokens[at] === "," ? 1 : 0) {
        const key: string = JSON.parse(next());
        at++;
        entries.set(key, readValue());
      }
      at++;
      return toOrdered(entries);
    }
    return readScalar(first);
  };
  return readValue();
}

/**
 * The JSON Schema of a tool or an answer, to be serialised again with its key order and number forms as the
 * caller wrote them: models follow the order of keys. Undefined for text that is no JSON object, which
 * `rpc/validate-chat.ts` refuses before it comes here.
 */
export function readSchemaText(text: string): Record<string, unknown> | undefined {
  try {
    const plain: unknown = JSON.parse(text);
    if (typeof plain !== "object" || plain === null || Array.isArray(plain)) {
      return undefined;
    }
    // A JSON object, checked just above.
    return (needsCare.test(text) ? readOrdered(text) : plain) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
