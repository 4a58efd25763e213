import { isObject, type JsonObject } from "./json-object.ts";
import { asSchema, resolveReference, type Schema } from "./schema-reference.ts";

/** Chains of references and combinations longer than this are cut. */
const mostSteps = 40;

/** Chooses among the branches of `anyOf`, `oneOf` and `if`. */
export type ChooseBranch = (branches: readonly Schema[]) => Schema | undefined;

/**
 * One schema without references and combinations that says what the whole said, for one choice of branches.
 * False where two parts exclude each other as far as that shows.
 */
export function flattenSchema(root: Schema, schema: Schema, choose: ChooseBranch): Schema {
  let flat: Schema = schema;
  for (let step = 0; step < mostSteps; step += 1) {
    if (typeof flat === "boolean") return flat;
    const {
      $ref: reference,
      allOf,
      anyOf,
      oneOf,
      if: condition,
      then,
      else: otherwise,
      ...plain
    }: JsonObject = flat;
    if (typeof reference === "string") {
      flat = mergeSchemas({ ...without(flat, "$ref") }, resolveReference(root, reference) ?? true);
    } else if (Array.isArray(allOf)) {
      flat = allOf.reduce((all: Schema, part) => mergeSchemas(all, asSchema(part)), without(flat, "allOf"));
    } else if (Array.isArray(anyOf)) {
      flat = mergeSchemas(without(flat, "anyOf"), choose(anyOf.map(asSchema)) ?? false);
    } else if (Array.isArray(oneOf)) {
      flat = mergeSchemas(without(flat, "oneOf"), choose(oneOf.map(asSchema)) ?? false);
    } else if (condition !== undefined) {
      const met = mergeSchemas(asSchema(condition), asSchema(then));
      flat = mergeSchemas(plain, choose([met, asSchema(otherwise)]) ?? true);
    } else {
      return flat;
    }
  }
  return flat;
}

function without(schema: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => key !== name));
}

/** Both at once. Keywords that we cannot put together stand as `allOf` for the check to judge. */
function mergeSchemas(left: Schema, right: Schema): Schema {
  if (left === true) return right;
  if (right === true) return left;
  if (left === false || right === false) return false;
  const merged: Record<string, unknown> = { ...left };
  for (const [name, value] of Object.entries(right)) {
    merged[name] = name in left ? mergeKeyword(name, left[name], value) : value;
  }
  return merged;
}

const largest: ReadonlySet<string> = new Set([
  "minimum",
  "exclusiveMinimum",
  "minLength",
  "minItems",
  "minProperties",
]);
const smallest: ReadonlySet<string> = new Set([
  "maximum",
  "exclusiveMaximum",
  "maxLength",
  "maxItems",
  "maxProperties",
]);
const lists: ReadonlySet<string> = new Set(["allOf", "prefixItems"]);

function mergeKeyword(name: string, left: unknown, right: unknown): unknown {
  if (typeof left === "number" && typeof right === "number") {
    if (largest.has(name)) return Math.max(left, right);
    if (smallest.has(name)) return Math.min(left, right);
  }
  if (name === "properties" && isObject(left) && isObject(right)) return mergeProperties(left, right);
  if (name === "required" && Array.isArray(left) && Array.isArray(right))
    return [...new Set([...left, ...right])];
  if (name === "enum" && Array.isArray(left) && Array.isArray(right)) {
    const allowed = new Set(right.map((value) => JSON.stringify(value)));
    return left.filter((value) => allowed.has(JSON.stringify(value)));
  }
  if (name === "type") return commonTypes(left, right);
  if (name === "anyOf" || name === "oneOf") return left === right ? left : crossBranches(left, right);
  if (lists.has(name) && Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
  if (name === "additionalProperties" || name === "items")
    return mergeSchemas(asSchema(left), asSchema(right));
  return right;
}

function mergeProperties(left: JsonObject, right: JsonObject): JsonObject {
  const merged: Record<string, unknown> = { ...left };
  for (const [name, value] of Object.entries(right)) {
    const own = Object.hasOwn(left, name) ? asSchema(left[name]) : true;
    // The parts are put together lazily: a schema may hold itself.
    merged[name] = own === true ? value : { allOf: [own, value] };
  }
  return merged;
}

function crossBranches(left: unknown, right: unknown): unknown {
  if (!Array.isArray(left) || !Array.isArray(right)) return right;
  return left.flatMap((one) => right.map((other) => ({ allOf: [one, other] }))).slice(0, 64);
}

function commonTypes(left: unknown, right: unknown): unknown {
  const rights: readonly unknown[] = Array.isArray(right) ? right : [right];
  const lefts: readonly unknown[] = Array.isArray(left) ? left : [left];
  const common = lefts.filter(
    (type) => rights.includes(type) || (type === "integer" && rights.includes("number")),
  );
  if (lefts.includes("number") && rights.includes("integer")) common.push("integer");
  return common.length > 0 ? common : right;
}
