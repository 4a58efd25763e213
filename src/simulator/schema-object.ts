import { isObject, type JsonObject } from "./json-object.ts";
import { samplePattern } from "./pattern-sample.ts";
import { readPattern } from "./pattern.ts";
import { propertySchemas } from "./schema-check.ts";
import type { InnerDraw } from "./schema-draw.ts";
import { asSchema, type Schema } from "./schema-reference.ts";

/** A minProperties of a million must not cost memory. */
const mostProperties = 256;

/**
 * An object with every required property, the optional ones it describes (some of them where room is
 * scarce), and others only where so many are asked for or nothing else is described.
 */
export function drawObject(inner: InnerDraw, schema: JsonObject): JsonObject {
  const most = typeof schema["maxProperties"] === "number" ? schema["maxProperties"] : Infinity;
  const names = [...requiredNames(schema)];
  const described = isObject(schema["properties"]) ? Object.keys(schema["properties"]) : [];
  for (const name of described) {
    if (names.length >= Math.min(most, mostProperties)) break;
    const wanted = !inner.frugal && inner.state.tries % 4 !== 3 && propertySchema(schema, name) !== false;
    if (wanted && !names.includes(name)) names.push(name);
  }
  const least = typeof schema["minProperties"] === "number" ? schema["minProperties"] : 0;
  const open = described.length === 0 && !inner.frugal && describesOthers(schema) ? 1 : 0;
  for (const name of otherNames(inner, schema)) {
    if (names.length >= Math.min(Math.max(least, open), most, mostProperties)) break;
    if (!names.includes(name)) names.push(name);
  }
  // In the order of the schema, as models write them; a name such as __proto__ must become a property too.
  const ordered = [
    ...described.filter((name) => names.includes(name)),
    ...names.filter((name) => !described.includes(name)),
  ];
  return Object.fromEntries(ordered.map((name) => [name, inner.next(propertySchema(schema, name), name)]));
}

/** What must be there, and what must be there because of it. */
function requiredNames(schema: JsonObject): ReadonlySet<string> {
  const names = new Set<string>(Array.isArray(schema["required"]) ? schema["required"].map(String) : []);
  const dependent = isObject(schema["dependentRequired"]) ? schema["dependentRequired"] : {};
  // What is added meanwhile is visited too: it may need others in turn.
  for (const name of names) {
    const others = Object.hasOwn(dependent, name) ? dependent[name] : undefined;
    if (Array.isArray(others)) for (const other of others) names.add(String(other));
  }
  return names;
}

function propertySchema(schema: JsonObject, name: string): Schema {
  const parts = propertySchemas(schema, name);
  return parts.length === 1 ? asSchema(parts[0]) : { allOf: parts };
}

function describesOthers(schema: JsonObject): boolean {
  return isObject(schema["additionalProperties"]) || isObject(schema["patternProperties"]);
}

/** Names that may be added: by the patterns of the schema, by its rule for names, or plain ones. */
function* otherNames({ state }: InnerDraw, schema: JsonObject): Generator<string> {
  const { patternProperties, propertyNames, additionalProperties } = schema;
  const patterns = isObject(patternProperties) ? Object.keys(patternProperties) : [];
  const rule = isObject(propertyNames) ? propertyNames : {};
  if (Array.isArray(rule["enum"])) yield* rule["enum"].map(String);
  const named = typeof rule["pattern"] === "string" ? [rule["pattern"]] : patterns;
  for (let at = 0; at < mostProperties * 2; at += 1) {
    const tree = named.length > 0 ? readPattern(named[at % named.length] ?? "") : undefined;
    const sample = tree === undefined ? undefined : samplePattern(tree, state.random, 1 + at);
    if (sample !== undefined) yield sample;
    else if (additionalProperties !== false) yield `property${at + 1}`;
  }
}
