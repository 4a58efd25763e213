import { describe, expect, it } from "vitest";
import { matchesSchema } from "../../src/simulator/schema-check.ts";

interface Case {
  readonly says: string;
  readonly schema: Record<string, unknown>;
  readonly valid: readonly unknown[];
  readonly invalid: readonly unknown[];
}

const cases: readonly Case[] = [
  {
    says: "takes whole numbers for integers, and integers for numbers",
    schema: { type: "integer" },
    valid: [1, 0, -3, 2.0],
    invalid: [1.5, "1", null, true, [], {}],
  },
  {
    says: "takes any of several types",
    schema: { type: ["string", "null"] },
    valid: ["", null],
    invalid: [0, {}, []],
  },
  {
    says: "lets no array pass for an object and no null for either",
    schema: { type: "object" },
    valid: [{}],
    invalid: [[], null, "x"],
  },
  {
    says: "compares enumerations deeply, whatever the order of properties",
    schema: { enum: [{ a: 1, b: [2] }, 3] },
    valid: [{ b: [2], a: 1 }, 3],
    invalid: [{ a: 1 }, { a: 1, b: [2, 2] }, "3", { a: 1, b: [2], c: 0 }],
  },
  { says: "takes a constant alone", schema: { const: null }, valid: [null], invalid: [undefined, 0, ""] },
  {
    says: "counts characters, not UTF-16 units",
    schema: { minLength: 2, maxLength: 3 },
    valid: ["한국", "😀😀😀", "ab", 5],
    invalid: ["😀", "abcd", "😀😀😀😀"],
  },
  {
    says: "finds a pattern anywhere unless it is anchored",
    schema: { pattern: "\\d{2}" },
    valid: ["a12b", "99", 7],
    invalid: ["1a2", ""],
  },
  {
    says: "holds bounds, closed and open",
    schema: { minimum: 1, exclusiveMaximum: 3 },
    valid: [1, 2.999],
    invalid: [0.999, 3],
  },
  {
    says: "holds the open bounds of draft 4",
    schema: { minimum: 1, exclusiveMinimum: true, maximum: 2, exclusiveMaximum: true },
    valid: [1.5],
    invalid: [1, 2],
  },
  {
    says: "takes multiples as people write them",
    schema: { multipleOf: 0.01 },
    valid: [0.07, 19.99, 0],
    invalid: [0.005],
  },
  {
    says: "asks every item and how many there are",
    schema: { type: "array", items: { type: "integer" }, minItems: 1, maxItems: 2 },
    valid: [[1], [1, 2]],
    invalid: [[], [1, "2"], [1, 2, 3]],
  },
  {
    says: "asks fixed items one by one, then the others",
    schema: { prefixItems: [{ type: "string" }, { type: "integer" }], items: false },
    valid: [["a", 1], ["a"], []],
    invalid: [
      ["a", "b"],
      ["a", 1, 2],
    ],
  },
  {
    says: "asks fixed items as drafts before 2020 wrote them",
    schema: { items: [{ type: "string" }], additionalItems: { type: "integer" } },
    valid: [["a", 1, 2]],
    invalid: [[1], ["a", "b"]],
  },
  {
    says: "tells equal items apart deeply",
    schema: { uniqueItems: true },
    valid: [
      [{ a: 1 }, { a: 2 }],
      [1, "1"],
    ],
    invalid: [
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      [1, 1],
    ],
  },
  {
    says: "counts the items that are contained",
    schema: { contains: { type: "integer" }, minContains: 2, maxContains: 3 },
    valid: [[1, "a", 2]],
    invalid: [[1], [1, 2, 3, 4]],
  },
  {
    says: "asks for what is required, and lets nothing else in where that is closed",
    schema: {
      type: "object",
      properties: { a: { type: "string" }, b: { type: "integer" } },
      required: ["a"],
      additionalProperties: false,
    },
    valid: [{ a: "" }, { a: "", b: 1 }],
    invalid: [{}, { b: 1 }, { a: "", c: 1 }, { a: 1 }],
  },
  {
    says: "does not take inherited members for properties",
    schema: { required: ["constructor", "toString"], properties: { a: {} }, additionalProperties: true },
    valid: [{ constructor: 1, toString: 2 }],
    invalid: [{}, { constructor: 1 }],
  },
  {
    says: "asks properties by pattern, and only what none describes as additional",
    schema: {
      properties: { id: { type: "integer" } },
      patternProperties: { "^x-": { type: "string" } },
      additionalProperties: { type: "boolean" },
    },
    valid: [{ id: 1, "x-a": "s", other: true }],
    invalid: [{ "x-a": 1 }, { other: "s" }, { id: true }],
  },
  {
    says: "asks names of properties and how many there are",
    schema: { propertyNames: { maxLength: 2 }, minProperties: 1, maxProperties: 2 },
    valid: [{ ab: 1 }],
    invalid: [{}, { abc: 1 }, { a: 1, b: 2, c: 3 }],
  },
  {
    says: "asks for what depends on a property",
    schema: {
      dependentRequired: { card: ["address"] },
      dependentSchemas: { gift: { required: ["note"] } },
    },
    valid: [{}, { card: 1, address: 2 }, { gift: 1, note: 2 }],
    invalid: [{ card: 1 }, { gift: 1 }],
  },
  {
    says: "takes all of, any of, exactly one of, and none of",
    schema: {
      allOf: [{ type: "integer" }],
      anyOf: [{ minimum: 10 }, { maximum: 0 }],
      oneOf: [{ multipleOf: 2 }, { multipleOf: 3 }],
      not: { const: 14 },
    },
    valid: [10, -2, 15],
    invalid: [12, 5, 14, 11, "x"],
  },
  {
    says: "follows a condition",
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    schema: { if: { required: ["a"] }, then: { required: ["b"] }, else: { required: ["c"] } },
    valid: [{ a: 1, b: 1 }, { c: 1 }],
    invalid: [{ a: 1 }, {}, { b: 1 }],
  },
  {
    says: "follows references into the document, by path, anchor and id",
    schema: {
      properties: { a: { $ref: "#/$defs/a~1b" }, b: { $ref: "#short" }, c: { $ref: "urn:c" } },
      $defs: {
        "a/b": { type: "integer" },
        two: { $anchor: "short", maxLength: 1 },
        three: { $id: "urn:c", type: "null" },
      },
    },
    valid: [{ a: 1, b: "x", c: null }],
    invalid: [{ a: "1" }, { b: "xy" }, { c: 1 }],
  },
  {
    says: "follows a schema into itself",
    schema: {
      type: "object",
      properties: { next: { anyOf: [{ $ref: "#" }, { type: "null" }] } },
      required: ["next"],
    },
    valid: [{ next: null }, { next: { next: { next: null } } }],
    invalid: [{}, { next: { next: {} } }, { next: 1 }],
  },
  {
    says: "takes null where OpenAPI 3.0 says nullable",
    schema: { type: "string", nullable: true },
    valid: [null, "x"],
    invalid: [1],
  },
];

describe("matchesSchema()", () => {
  for (const { says, schema, valid, invalid } of cases) {
    it(says, () => {
      for (const value of valid) expect([value, matchesSchema(schema, schema, value)]).toEqual([value, true]);
      for (const value of invalid)
        expect([value, matchesSchema(schema, schema, value)]).toEqual([value, false]);
    });
  }

  it("is true of everything for true and of nothing for false", () => {
    expect(matchesSchema(true, true, { a: 1 })).toBe(true);
    expect(matchesSchema(false, false, { a: 1 })).toBe(false);
  });
});
