import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { matchesSchema } from "../../src/simulator/schema-check.ts";
import { sampleSchema } from "../../src/simulator/schema-sample.ts";
import { randomFor } from "../../src/simulator/seeded-random.ts";
import { satisfiableSchemas, wildSchemas } from "../support/json-schemas.ts";

const purposes = fc.string({ maxLength: 8 });

function sample(schema: unknown, purpose = "", question = ""): unknown {
  return sampleSchema(schema, randomFor("0123456789abcdef", purpose), question);
}

/** A few samples of one schema, each from other numbers. */
function samples(schema: unknown, question = ""): readonly unknown[] {
  return Array.from({ length: 25 }, (_, at) => sample(schema, `${at}`, question));
}

describe("sampleSchema()", () => {
  it("gives a valid value for every schema that has one, as our check and zod's say", () => {
    fc.assert(
      fc.property(satisfiableSchemas, purposes, (schema, purpose) => {
        const value = sample(schema, purpose, "what?");
        expect(matchesSchema(schema as never, schema as never, value)).toBe(true);
        const theirs = z.fromJSONSchema(schema as never).safeParse(value);
        expect(theirs.error).toBeUndefined();
      }),
      { numRuns: 400 },
    );
  });

  it("gives the same value for the same numbers", () => {
    fc.assert(
      fc.property(satisfiableSchemas, purposes, (schema, purpose) => {
        expect(sample(schema, purpose)).toEqual(sample(schema, purpose));
      }),
    );
  });

  it("gives some JSON for any schema at all, even one that nothing satisfies", () => {
    fc.assert(
      fc.property(wildSchemas, purposes, (schema, purpose) => {
        const value = sample(schema, purpose, "what?");
        expect(JSON.parse(JSON.stringify(value))).toEqual(value);
      }),
    );
  });

  it("fills what a schema of a chat usually asks for", () => {
    const schema = {
      type: "object",
      properties: {
        steps: {
          type: "array",
          items: {
            type: "object",
            properties: { explanation: { type: "string" }, output: { type: "string" } },
            required: ["explanation", "output"],
            additionalProperties: false,
          },
        },
        final_answer: { type: "string" },
        unit: { type: "string", enum: ["celsius", "fahrenheit"] },
        degrees: { type: "number", minimum: -50, maximum: 50 },
        note: { type: ["string", "null"] },
      },
      required: ["steps", "final_answer", "unit", "degrees", "note"],
      additionalProperties: false,
    };
    for (const value of samples(schema) as Record<string, unknown>[]) {
      expect(Object.keys(value)).toEqual(["steps", "final_answer", "unit", "degrees", "note"]);
      const steps = value["steps"] as Record<string, unknown>[];
      expect(steps.length).toBeGreaterThan(0);
      for (const step of steps) {
        expect(step).toEqual({ explanation: expect.any(String), output: expect.any(String) });
      }
      expect(["celsius", "fahrenheit"]).toContain(value["unit"]);
      expect(Math.abs(value["degrees"] as number)).toBeLessThanOrEqual(50);
      expect(value["note"]).toEqual(expect.any(String));
    }
  });

  it("puts the question where a property's name calls for it, and plausible words elsewhere", () => {
    const properties = { query: { type: "string" }, city: { type: "string" }, userEmail: { type: "string" } };
    expect(sample({ type: "object", properties }, "", "김치 볶음밥")).toEqual({
      query: "김치 볶음밥",
      city: "Seoul",
      userEmail: "simulated@example.com",
    });
  });

  const cases: readonly { readonly says: string; readonly schema: unknown; readonly like: RegExp }[] = [
    { says: "a constant", schema: { const: { a: [1] } }, like: /^\{"a":\[1\]\}$/ },
    { says: "one of an enumeration", schema: { enum: ["x", 2, null] }, like: /^(?:"x"|2|null)$/ },
    {
      says: "one of an enumeration that the other keywords allow",
      schema: { enum: [1, 2, 30], minimum: 10 },
      like: /^30$/,
    },
    {
      says: "a pattern",
      schema: { type: "string", pattern: "^[A-Z]{3}-\\d{2}$" },
      like: /^"[A-Z]{3}-\d{2}"$/,
    },
    {
      says: "a pattern at the length that is asked for",
      schema: { type: "string", pattern: "^[a-f]+$", minLength: 12, maxLength: 20 },
      like: /^"[a-f]{12,20}"$/,
    },
    {
      says: "a pattern without anchors, made as long as is asked",
      schema: { type: "string", pattern: "[0-9]", minLength: 8 },
      like: /^"\d.{7,}"$/,
    },
    {
      says: "a pattern of control characters",
      schema: { type: "string", pattern: "^a\\tb\\n$" },
      like: /^"a\\tb\\n"$/,
    },
    {
      says: "a uuid",
      schema: { type: "string", format: "uuid" },
      like: /^"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$/,
    },
    { says: "a date", schema: { type: "string", format: "date" }, like: /^"\d{4}-\d\d-\d\d"$/ },
    { says: "a length", schema: { type: "string", minLength: 3, maxLength: 3 }, like: /^".{3}"$/ },
    { says: "an integer between", schema: { type: "integer", minimum: 3, maximum: 4 }, like: /^[34]$/ },
    {
      says: "an integer between open bounds",
      schema: { type: "integer", exclusiveMinimum: 3, exclusiveMaximum: 5 },
      like: /^4$/,
    },
    {
      says: "an integer between the open bounds of draft 4",
      schema: { type: "integer", minimum: 3, exclusiveMinimum: true, maximum: 5, exclusiveMaximum: true },
      like: /^4$/,
    },
    {
      says: "a multiple",
      schema: { type: "number", multipleOf: 0.1, maximum: 0.3 },
      like: /^-?\d*(?:\.\d)?$/,
    },
    {
      says: "a multiple below a bound that is smaller than it",
      schema: { type: "integer", maximum: 6, multipleOf: 7 },
      like: /^(?:0|-\d+)$/,
    },
    { says: "a whole multiple of a part", schema: { type: "integer", multipleOf: 2.5 }, like: /^\d*[05]$/ },
    {
      says: "an array of so many",
      schema: { type: "array", items: { type: "boolean" }, minItems: 3, maxItems: 3 },
      like: /^\[(?:true|false),(?:true|false),(?:true|false)\]$/,
    },
    {
      says: "fixed items and no others",
      schema: { type: "array", prefixItems: [{ const: 1 }, { const: "b" }], items: false },
      like: /^\[1,"b"\]$/,
    },
    {
      says: "the one that must be contained",
      schema: { type: "array", items: { type: "integer" }, contains: { const: 7 } },
      like: /^\[7/,
    },
    {
      says: "a reference",
      schema: { $ref: "#/$defs/code", $defs: { code: { type: "integer", minimum: 100, maximum: 100 } } },
      like: /^100$/,
    },
    {
      says: "several parts together",
      schema: {
        allOf: [
          { type: "object", properties: { a: { const: 1 } }, required: ["a"] },
          { properties: { b: { const: 2 } }, required: ["b"] },
        ],
      },
      like: /^\{"a":1,"b":2\}$/,
    },
    {
      says: "what several parts require",
      schema: { type: "object", allOf: [{ required: ["a"] }, { required: ["b"] }] },
      like: /^\{"a":"simulated[ \d]*","b":"simulated[ \d]*"\}$/,
    },
    {
      says: "as many properties as there is room for",
      schema: {
        type: "object",
        properties: { a: { const: 1 }, b: { const: 2 }, c: { const: 3 } },
        required: ["c"],
        maxProperties: 2,
      },
      like: /^\{"a":1,"c":3\}$/,
    },
    {
      says: "exactly one of several parts",
      schema: {
        type: "integer",
        oneOf: [
          { minimum: 5, maximum: 6 },
          { minimum: 6, maximum: 7 },
        ],
      },
      like: /^[57]$/,
    },
    {
      says: "what a condition leads to",
      schema: {
        type: "object",
        properties: { kind: { enum: ["card"] }, number: { type: "integer" } },
        required: ["kind"],
        if: { properties: { kind: { const: "card" } } },
        // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
        then: { required: ["number"] },
      },
      like: /^\{"kind":"card","number":\d+\}$/,
    },
    {
      says: "what depends on a property",
      schema: { type: "object", required: ["a"], dependentRequired: { a: ["b"], b: ["c"] } },
      like: /^\{"a":.*,"b":.*,"c":.*\}$/,
    },
    {
      says: "properties by pattern",
      schema: {
        type: "object",
        patternProperties: { "^x-[a-z]+$": { const: 1 } },
        additionalProperties: false,
        minProperties: 2,
      },
      like: /^\{"x-[a-z]+":1,"x-[a-z]+":1\}$/,
    },
    {
      says: "a map of values",
      schema: { type: "object", additionalProperties: { type: "integer" } },
      like: /^\{"property1":\d+\}$/,
    },
    {
      says: "a property whose name JavaScript treats in its own way",
      schema: JSON.parse('{"type":"object","properties":{"__proto__":{"const":1}},"required":["__proto__"]}'),
      like: /^\{"__proto__":1\}$/,
    },
    {
      says: "not what is excluded",
      schema: { type: "string", not: { enum: ["simulated"] } },
      like: /^"simulated \d+"$/,
    },
    { says: "a type that keywords imply", schema: { properties: { a: { const: 1 } } }, like: /^\{"a":1\}$/ },
    { says: "an example that is given", schema: { type: "string", examples: ["Busan"] }, like: /^"Busan"$/ },
    {
      says: "no example that is wrong",
      schema: { type: "integer", examples: ["Busan"], default: 5 },
      like: /^5$/,
    },
  ];
  for (const { says, schema, like } of cases) {
    it(`samples ${says}`, () => {
      for (const value of samples(schema)) {
        expect(JSON.stringify(value)).toMatch(like);
        expect(matchesSchema(schema as never, schema as never, value)).toBe(true);
      }
    });
  }

  it("samples lists of unique texts and objects, however many", () => {
    for (const items of [{ type: "string" }, { type: "object", properties: { name: { type: "string" } } }]) {
      const schema = { type: "array", items, uniqueItems: true, minItems: 60 };
      const value = sample(schema) as unknown[];
      expect(new Set(value.map((item) => JSON.stringify(item))).size).toBe(value.length);
      expect(value.length).toBeGreaterThanOrEqual(60);
    }
  });

  it("ends a schema that holds itself, with a valid value", () => {
    const list = {
      type: "object",
      properties: { value: { type: "integer" }, next: { anyOf: [{ $ref: "#" }, { type: "null" }] } },
      required: ["value", "next"],
    };
    const tree = {
      type: "object",
      properties: { children: { type: "array", items: { $ref: "#" } } },
      required: ["children"],
    };
    for (const schema of [list, tree]) {
      for (const value of samples(schema)) expect(matchesSchema(schema, schema, value)).toBe(true);
    }
  });
});

describe("a schema that would not end or not fit", () => {
  const itself = { $ref: "#" };
  const pair = { allOf: [itself, itself] };

  /** Each definition needs twenty of the next: 20^6 values. */
  const wide = Object.fromEntries(
    Array.from({ length: 6 }, (_, level) => {
      const names = Array.from({ length: 20 }, (_, at) => `p${at}`);
      const next = level < 5 ? { $ref: `#/$defs/d${level + 1}` } : { type: "string" };
      return [
        `d${level}`,
        {
          type: "object",
          properties: Object.fromEntries(names.map((name) => [name, next])),
          required: names,
        },
      ];
    }),
  );
  const inside = (schema: unknown, levels: number): unknown =>
    levels === 0
      ? schema
      : { type: "object", properties: { a: inside(schema, levels - 1) }, required: ["a"] };

  const hostile: readonly { readonly says: string; readonly schema: unknown }[] = [
    { says: "is exactly one of itself and itself", schema: { oneOf: [itself, itself] } },
    { says: "is itself and itself", schema: pair },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    { says: "is itself where it is itself", schema: { if: itself, then: itself, else: itself } },
    { says: "is not itself", schema: { not: itself } },
    { says: "is itself", schema: itself },
    { says: "mixes such", schema: { allOf: [{ oneOf: [itself, itself] }, { anyOf: [itself, itself] }] } },
    {
      says: "must hold itself",
      schema: { type: "object", properties: { l: itself, r: itself }, required: ["l", "r"] },
    },
    {
      says: "is as wide as it is deep, at a depth where the least branch is looked for",
      schema: {
        $defs: wide,
        ...(inside({ anyOf: [{ $ref: "#/$defs/d0" }, { $ref: "#/$defs/d1" }] }, 6) as object),
      },
    },
    { says: "nests five hundred levels", schema: inside({ type: "string" }, 500) },
    { says: "asks for a billion characters", schema: { type: "string", minLength: 1e9 } },
    { says: "asks for a million properties", schema: { type: "object", minProperties: 1e6 } },
    {
      says: "asks for a million arrays of a million",
      schema: { type: "array", minItems: 1e6, items: { type: "array", minItems: 1e6, items: {} } },
    },
    {
      says: "has a pattern that backtracks without end",
      schema: { type: "string", pattern: "^(a+)+$", minLength: 2000 },
    },
    {
      says: "has a pattern of a million repetitions",
      schema: { type: "string", pattern: "(a{1000}){1000}" },
    },
    {
      says: "asks for unique values of which there are two",
      schema: { type: "array", items: { type: "boolean" }, uniqueItems: true, minItems: 200 },
    },
  ];
  for (const { says, schema } of hostile) {
    it(`gets a sample of bounded size where it ${says}`, () => {
      const text = JSON.stringify(sample(schema));
      expect(text.length).toBeLessThan(1_000_000);
    });
  }
});
