import { isObject, type JsonObject } from "./json-object.ts";
import { textForProperty } from "./property-words.ts";
import { drawArray } from "./schema-array.ts";
import { matchesSchema } from "./schema-check.ts";
import type { DrawState, InnerDraw } from "./schema-draw.ts";
import { flattenSchema } from "./schema-flatten.ts";
import { drawObject } from "./schema-object.ts";
import { asSchema, type Schema } from "./schema-reference.ts";
import { sampleNumber, sampleString } from "./schema-scalar.ts";
import { pick, type Random } from "./seeded-random.ts";

/** Draws that may fail before the last is taken as it is. */
const mostDraws = 40;
/** From here on nothing is drawn that is not required. */
const deep = 4;
/** No value is nested deeper, and no sample has more values: a schema may hold itself. */
const deepest = 24;
const mostValues = 2000;
/** Nor have all draws together more: where one is large, fewer are tried. */
const mostValuesDrawn = 8 * mostValues;

/**
 * A value that is valid against a JSON Schema (drafts 4 to 2020-12), the same for the same numbers of `random`.
 * A schema that nothing can satisfy, or that asks for very long or very deep values, gets the nearest try.
 * @param question what the user asked; stands where a property's name calls for it
 */
export function sampleSchema(schema: unknown, random: Random, question: string): unknown {
  const root = asSchema(schema);
  let value: unknown;
  let drawn = 0;
  for (let tries = 0; tries < mostDraws && drawn < mostValuesDrawn; tries += 1) {
    const state: DrawState = { root, random, question, tries, values: 0 };
    value = draw(state, root, "", 0);
    if (matchesSchema(root, root, value)) return value;
    drawn += state.values;
  }
  return value;
}

function draw(state: DrawState, schema: Schema, name: string, depth: number): unknown {
  state.values += 1;
  const frugal = depth > deep || state.values > mostValues / 4;
  if (depth > deepest || state.values > mostValues) return null;
  const flat = flattenSchema(state.root, schema, (branches) => chooseBranch(state, branches, frugal));
  if (typeof flat === "boolean") return textForProperty(name, state.question);
  if ("const" in flat) return flat["const"];
  const given = givenValue(state, flat);
  if (given !== undefined) return given;
  const inner: InnerDraw = {
    state,
    frugal,
    next: (part, partName) => draw(state, part, partName, depth + 1),
  };
  switch (chooseType(state, flat, frugal)) {
    case "null":
      return null;
    case "boolean":
      return state.random() < 0.5;
    case "integer":
      return sampleNumber(flat, state.random, true);
    case "number":
      return sampleNumber(flat, state.random, false);
    case "array":
      return drawArray(inner, flat, name);
    case "object":
      return drawObject(inner, flat);
    default:
      return sampleString(flat, state.random, textFor(state, name), state.tries);
  }
}

/** After a failed draw the texts are others, for `not` and `uniqueItems`. */
function textFor(state: DrawState, name: string): string {
  const text = textForProperty(name, state.question);
  return state.tries === 0 ? text : `${text} ${state.tries + 1}`;
}

/** A value that the schema itself names: of its `enum`, else now and then its example or default, if valid. */
function givenValue(state: DrawState, flat: JsonObject): unknown {
  const { enum: allowed, examples, example, default: usual } = flat;
  if (Array.isArray(allowed) && allowed.length > 0) {
    const rest = Object.fromEntries(Object.entries(flat).filter(([key]) => key !== "enum"));
    const valid = allowed.filter((value) => matchesSchema(state.root, rest, value));
    return pick(state.random, valid.length > 0 ? valid : allowed);
  }
  const offered: readonly unknown[] = Array.isArray(examples) ? examples : [example];
  return [...offered, usual].find(
    (value) =>
      value !== undefined && value !== null && state.tries === 0 && matchesSchema(state.root, flat, value),
  );
}

const inferredTypes: readonly { readonly type: string; readonly keywords: readonly string[] }[] = [
  {
    type: "object",
    keywords: [
      "properties",
      "required",
      "additionalProperties",
      "patternProperties",
      "minProperties",
      "propertyNames",
    ],
  },
  { type: "array", keywords: ["items", "prefixItems", "minItems", "contains", "uniqueItems"] },
  { type: "number", keywords: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"] },
];

function chooseType(state: DrawState, flat: JsonObject, frugal: boolean): string {
  const { type } = flat;
  if (typeof type === "string") return type;
  if (Array.isArray(type) && type.length > 0) {
    const names = type.map(String);
    if (frugal && names.includes("null")) return "null";
    // What says something is more plausible than null; null comes where nothing else is allowed or valid.
    const telling = names.filter((name) => name !== "null" || state.tries > mostDraws / 2);
    return pick(state.random, telling) ?? "null";
  }
  return inferredTypes.find(({ keywords }) => keywords.some((keyword) => keyword in flat))?.type ?? "string";
}

function chooseBranch(state: DrawState, branches: readonly Schema[], frugal: boolean): Schema | undefined {
  const possible = branches.filter((branch) => branch !== false);
  if (frugal) {
    const heights = possible.map((branch) => ({ branch, height: heightOf(state.root, branch) }));
    return heights.toSorted((left, right) => left.height - right.height)[0]?.branch;
  }
  const telling = possible.filter((branch) => !isObject(branch) || branch["type"] !== "null");
  return pick(state.random, telling.length > 0 && state.tries < mostDraws / 2 ? telling : possible);
}

/** Heights are looked for in no more than so many parts: some twenty properties a level would be millions. */
const mostParts = 200;

/** How deep the least value of a schema is nested; what comes back to itself is as high as can be. */
function heightOf(root: Schema, schema: Schema): number {
  let parts = 0;
  function measure(part: Schema, depth: number): number {
    parts += 1;
    if (depth > 6 || parts > mostParts) return deepest;
    if (typeof part === "boolean") return 0;
    const flat = flattenSchema(root, part, (branches) => branches[0]);
    if (typeof flat === "boolean" || "const" in flat || "enum" in flat) return 0;
    const { required, properties, items, minItems } = flat;
    let height = 0;
    for (const name of Array.isArray(required) ? required : []) {
      if (height >= deepest) break;
      const inner = isObject(properties) ? asSchema(properties[String(name)]) : true;
      height = Math.max(height, 1 + measure(inner, depth + 1));
    }
    if (typeof minItems === "number" && minItems > 0)
      height = Math.max(height, 1 + measure(asSchema(items), depth + 1));
    return height;
  }
  return measure(schema, 0);
}
