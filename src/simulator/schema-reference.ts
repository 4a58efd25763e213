import { isObject, type JsonObject } from "./json-object.ts";

/** A schema as JSON Schema has it: an object of keywords, or true or false. */
export type Schema = JsonObject | boolean;

/** Anything that is no schema allows everything. */
export function asSchema(value: unknown): Schema {
  return isObject(value) || typeof value === "boolean" ? value : true;
}

/** The schema that a `$ref` inside this document names; undefined for other documents and dead ends. */
export function resolveReference(root: Schema, reference: string): Schema | undefined {
  if (reference === "#") return root;
  if (!reference.startsWith("#")) return findNamed(root, "$id", reference, 0);
  if (!reference.startsWith("#/")) return findNamed(root, "$anchor", reference.slice(1), 0);
  let place: unknown = root;
  for (const step of reference.slice(2).split("/")) {
    const name = unescapePointer(step);
    if (Array.isArray(place)) place = place[Number(name)];
    else if (isObject(place) && Object.hasOwn(place, name)) place = place[name];
    else return undefined;
  }
  return isObject(place) || typeof place === "boolean" ? place : undefined;
}

function unescapePointer(step: string): string {
  const plain = step.replaceAll("~1", "/").replaceAll("~0", "~");
  try {
    return decodeURIComponent(plain);
  } catch {
    return plain;
  }
}

function findNamed(
  place: unknown,
  keyword: "$anchor" | "$id",
  name: string,
  depth: number,
): Schema | undefined {
  if (depth > 16) return undefined;
  if (Array.isArray(place)) {
    for (const item of place) {
      const found = findNamed(item, keyword, name, depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!isObject(place)) return undefined;
  if (place[keyword] === name) return place;
  return findNamed(Object.values(place), keyword, name, depth + 1);
}
