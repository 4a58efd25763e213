import { isObject, type JsonObject } from "./json-object.ts";
import { matchesPattern } from "./pattern-match.ts";
import { readPattern } from "./pattern.ts";
import { asSchema, resolveReference, type Schema } from "./schema-reference.ts";

/** Beyond this nesting a value counts as valid: the check only chooses between samples. */
const mostDepth = 64;
/** After this many steps too: a schema that holds itself twice, as in `oneOf`, doubles them with every level. */
const mostSteps = 50_000;

interface Walk {
  readonly root: Schema;
  steps: number;
}

type Check = (part: unknown, inner: unknown) => boolean;

/** Whether a value is valid against a schema, as far as keywords go that a sample can get wrong. `format` is not checked. */
export function matchesSchema(root: Schema, schema: Schema, value: unknown): boolean {
  const walk: Walk = { root, steps: 0 };
  return matches(walk, schema, value, 0) || walk.steps > mostSteps;
}

function matches(walk: Walk, schema: Schema, value: unknown, depth: number): boolean {
  if (typeof schema === "boolean") return schema;
  walk.steps += 1;
  if (depth > mostDepth || walk.steps > mostSteps) return true;
  const check: Check = (part, inner) => matches(walk, asSchema(part), inner, depth + 1);
  return (
    matchesType(schema, value) &&
    matchesCombination(walk.root, schema, value, check) &&
    (typeof value !== "number" || matchesNumber(schema, value)) &&
    (typeof value !== "string" || matchesString(schema, value)) &&
    (!Array.isArray(value) || matchesArray(schema, value, check)) &&
    (!isObject(value) || matchesObject(schema, value, check))
  );
}

/** The type of a value in the words of JSON Schema; whole numbers are integers and numbers. */
function hasType(value: unknown, type: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "boolean":
    case "string":
      return typeof value === type;
    case "number":
      return typeof value === "number";
    case "integer":
      return typeof value === "number" && Number.isInteger(value);
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
    default:
      return false;
  }
}

function same(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((item, at) => same(item, right[at]));
  }
  if (!isObject(left) || !isObject(right)) return false;
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && same(left[name], right[name]))
  );
}

function matchesType(schema: JsonObject, value: unknown): boolean {
  const type = schema["type"];
  if (schema["nullable"] === true && value === null) return true;
  if (type !== undefined && !(Array.isArray(type) ? type : [type]).some((name) => hasType(value, name)))
    return false;
  if (Array.isArray(schema["enum"]) && !schema["enum"].some((allowed) => same(allowed, value))) return false;
  return !("const" in schema) || same(schema["const"], value);
}

function matchesCombination(root: Schema, schema: JsonObject, value: unknown, check: Check): boolean {
  const { $ref: reference, allOf, anyOf, oneOf, not, if: condition } = schema;
  if (typeof reference === "string") {
    const target = resolveReference(root, reference);
    if (target !== undefined && !check(target, value)) return false;
  }
  if (Array.isArray(allOf) && !allOf.every((part) => check(part, value))) return false;
  if (Array.isArray(anyOf) && !anyOf.some((part) => check(part, value))) return false;
  if (Array.isArray(oneOf) && oneOf.filter((part) => check(part, value)).length !== 1) return false;
  if (not !== undefined && check(not, value)) return false;
  if (condition === undefined) return true;
  return check(check(condition, value) ? schema["then"] : schema["else"], value);
}

function matchesNumber(schema: JsonObject, value: number): boolean {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (typeof minimum === "number" && (exclusiveMinimum === true ? value <= minimum : value < minimum))
    return false;
  if (typeof maximum === "number" && (exclusiveMaximum === true ? value >= maximum : value > maximum))
    return false;
  if (typeof exclusiveMinimum === "number" && value <= exclusiveMinimum) return false;
  if (typeof exclusiveMaximum === "number" && value >= exclusiveMaximum) return false;
  if (typeof multipleOf !== "number" || multipleOf <= 0) return true;
  const times = value / multipleOf;
  return Math.abs(times - Math.round(times)) < 1e-9;
}

function matchesString(schema: JsonObject, value: string): boolean {
  const { minLength, maxLength, pattern } = schema;
  const length = Array.from(value).length;
  if (typeof minLength === "number" && length < minLength) return false;
  if (typeof maxLength === "number" && length > maxLength) return false;
  if (typeof pattern !== "string") return true;
  const tree = readPattern(pattern);
  return tree === undefined || matchesPattern(tree, value);
}

function matchesArray(schema: JsonObject, value: readonly unknown[], check: Check): boolean {
  const { minItems, maxItems, uniqueItems, contains, minContains, maxContains, prefixItems, items } = schema;
  if (typeof minItems === "number" && value.length < minItems) return false;
  if (typeof maxItems === "number" && value.length > maxItems) return false;
  if (uniqueItems === true && value.some((item, at) => value.slice(0, at).some((other) => same(item, other))))
    return false;
  // Before the draft of 2020 the fixed items stood in `items`, the others in `additionalItems`.
  const fixed: readonly unknown[] = Array.isArray(prefixItems)
    ? prefixItems
    : Array.isArray(items)
      ? items
      : [];
  const others = Array.isArray(items) ? schema["additionalItems"] : items;
  if (!value.every((item, at) => check(at < fixed.length ? fixed[at] : others, item))) return false;
  if (contains === undefined) return true;
  const found = value.filter((item) => check(contains, item)).length;
  return (
    found >= (typeof minContains === "number" ? minContains : 1) &&
    (typeof maxContains !== "number" || found <= maxContains)
  );
}

function matchesObject(schema: JsonObject, value: JsonObject, check: Check): boolean {
  const { minProperties, maxProperties, required, propertyNames, dependentRequired, dependentSchemas } =
    schema;
  const names = Object.keys(value);
  if (typeof minProperties === "number" && names.length < minProperties) return false;
  if (typeof maxProperties === "number" && names.length > maxProperties) return false;
  if (Array.isArray(required) && !required.every((name) => Object.hasOwn(value, String(name)))) return false;
  if (propertyNames !== undefined && !names.every((name) => check(propertyNames, name))) return false;
  for (const name of names) {
    const dependents = isObject(dependentRequired) ? dependentRequired[name] : undefined;
    if (Array.isArray(dependents) && !dependents.every((other) => Object.hasOwn(value, String(other))))
      return false;
    if (
      isObject(dependentSchemas) &&
      dependentSchemas[name] !== undefined &&
      !check(dependentSchemas[name], value)
    )
      return false;
    if (!propertySchemas(schema, name).every((part) => check(part, value[name]))) return false;
  }
  return true;
}

/** Every schema that applies to a property of that name: its own, those of patterns, else that of the additional ones. */
export function propertySchemas(schema: JsonObject, name: string): readonly Schema[] {
  const { properties, patternProperties, additionalProperties } = schema;
  const found: Schema[] = [];
  if (isObject(properties) && Object.hasOwn(properties, name)) found.push(asSchema(properties[name]));
  for (const [pattern, part] of Object.entries(isObject(patternProperties) ? patternProperties : {})) {
    const tree = readPattern(pattern);
    if (tree !== undefined && matchesPattern(tree, name)) found.push(asSchema(part));
  }
  return found.length > 0 ? found : [asSchema(additionalProperties)];
}
