import * as fc from "fast-check";

type JsonSchema = boolean | { readonly [keyword: string]: unknown };

const names = ["city", "date", "ids", "x y", "한글", "constructor", "email", "b"];
const scalar = fc.oneof(fc.string(), fc.integer({ min: -1000, max: 1000 }), fc.boolean(), fc.constant(null));

/** None, one or both of two bounds, the lower not above the upper. */
function bounds(low: string, high: string, from: number, to: number) {
  return fc
    .tuple(fc.integer({ min: from, max: to }), fc.nat(to - from), fc.boolean(), fc.boolean())
    .map(([least, more, hasLow, hasHigh]) => ({
      ...(hasLow ? { [low]: least } : {}),
      ...(hasHigh ? { [high]: least + more } : {}),
    }));
}

/**
 * Schemas that some value satisfies whatever their parts are, of the keywords that callers use: types and
 * bounds, enumerations, objects, arrays, alternatives and definitions.
 */
export const satisfiableSchemas: fc.Arbitrary<JsonSchema> = fc.letrec<{ schema: JsonSchema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    bounds("minLength", "maxLength", 0, 40).map((more) => ({ type: "string", ...more })),
    fc
      .constantFrom("date", "email", "uuid", "date-time", "ipv4", "uri")
      .map((format) => ({ type: "string", format })),
    fc
      .tuple(bounds("minimum", "maximum", -100, 100), fc.constantFrom({}, { multipleOf: 0.25 }))
      .filter(([range, step]) => range["minimum"] !== range["maximum"] || !("multipleOf" in step))
      .map(([range, step]) => ({ type: "number", ...range, ...step })),
    bounds("minimum", "maximum", -100, 100).map((range) => ({ type: "integer", ...range })),
    fc.constantFrom<JsonSchema>(
      true,
      {},
      { type: "boolean" },
      { type: "null" },
      { type: ["string", "null"] },
    ),
    fc.array(scalar, { minLength: 1, maxLength: 4 }).map((allowed) => ({ enum: allowed })),
    scalar.map((only) => ({ const: only })),
    fc
      .tuple(
        fc.uniqueArray(fc.constantFrom(...names), { maxLength: 4 }),
        fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
        fc.array(tie("schema"), { minLength: 4, maxLength: 4 }),
        fc.constantFrom({}, { additionalProperties: false }, { additionalProperties: { type: "integer" } }),
      )
      .map(([keys, needed, parts, others]) => ({
        type: "object",
        properties: Object.fromEntries(keys.map((key, at) => [key, parts[at]])),
        required: keys.filter((_, at) => needed[at]),
        ...others,
      })),
    fc
      .tuple(tie("schema"), bounds("minItems", "maxItems", 0, 4))
      .map(([items, more]) => ({ type: "array", items, ...more })),
    fc.array(tie("schema"), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    tie("schema").map((part) => ({
      allOf: [
        { type: "object", properties: { kind: { const: "a" } }, required: ["kind"] },
        { type: "object", properties: { of: part }, required: ["of"] },
      ],
    })),
  ),
})).schema;

/** Schemas of any keywords, many of which nothing satisfies; some refer to themselves. */
export const wildSchemas: fc.Arbitrary<JsonSchema> = fc.letrec<{ schema: JsonSchema }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    fc.constantFrom<JsonSchema>(true, false, {}, { type: "string" }, { $ref: "#" }, { $ref: "#/not" }),
    fc.dictionary(
      fc.constantFrom("allOf", "anyOf", "oneOf", "prefixItems"),
      fc.array(tie("schema"), { minLength: 1, maxLength: 3 }),
      { minKeys: 1, maxKeys: 2 },
    ),
    fc.dictionary(
      fc.constantFrom(
        "not",
        "if",
        "then",
        "else",
        "items",
        "contains",
        "additionalProperties",
        "propertyNames",
      ),
      tie("schema"),
      { minKeys: 1, maxKeys: 3 },
    ),
    fc.record(
      {
        type: fc.constantFrom("string", "integer", "array", "object", ["null", "number"]),
        properties: fc.dictionary(fc.constantFrom("a", "b"), tie("schema"), { maxKeys: 2 }),
        required: fc.subarray(["a", "b"]),
        minItems: fc.nat(3),
        uniqueItems: fc.boolean(),
        minLength: fc.nat(9),
        pattern: fc.constantFrom("^[a-z]+$", "\\d{3}", "(", "^(a+)+$"),
      },
      { requiredKeys: [] },
    ),
    fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>, { maxKeys: 3 }),
  ),
})).schema;
