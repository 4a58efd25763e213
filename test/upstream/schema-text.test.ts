import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSchemaText } from "../../src/upstream/schema-text.ts";

describe("readSchemaText()", () => {
  const verbatim = [
    '{"type":"object","properties":{"z":{"type":"string"},"a":{"type":"number"}},"required":["z","a"]}',
    '{"properties":{"10":{},"9":{},"x":{},"1":{}}}',
    '{"minimum":1.0,"maximum":1e400,"multipleOf":0.1000,"const":-0,"default":12345678901234567890}',
    '{"__proto__":{"type":"object"},"constructor":1.50}',
    '{"enum":["1.0","{","]",",",":","\\"\\\\",null,true,false,[],{}],"n":2E3}',
    "{}",
  ];
  for (const text of verbatim) {
    it(`writes ${text.slice(0, 50)} again as it was`, () => {
      expect(JSON.stringify(readSchemaText(text))).toBe(text);
    });
  }

  it("ignores the white space between tokens", () => {
    expect(JSON.stringify(readSchemaText(' {\n "b" : 1.0 ,\t"1": [ 1 , {} ]\r\n} '))).toBe(
      '{"b":1.0,"1":[1,{}]}',
    );
  });

  it("keeps the order of keys that are written with escapes", () => {
    expect(JSON.stringify(readSchemaText('{"\\u0032":true,"1":false}'))).toBe('{"2":true,"1":false}');
  });

  it("gives no key to a prototype", () => {
    const schema = readSchemaText('{"__proto__":{"polluted":1.0}}');
    expect(Object.getPrototypeOf(schema)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  it("means what JSON.parse means for any object", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(2), (object, indent) => {
        const text = JSON.stringify(object, undefined, indent);
        expect(JSON.parse(JSON.stringify(readSchemaText(text)))).toEqual(JSON.parse(text));
      }),
    );
  });

  it("keeps the order of keys and the form of numbers of any object", () => {
    const key = fc.oneof(fc.nat(20).map(String), fc.string());
    const scalar = fc.oneof(
      fc.constantFrom("1.0", "-0", "1e400", "0.10", "9007199254740993", "null", "true"),
      fc.string().map((text) => JSON.stringify(text)),
    );
    const { value } = fc.letrec<{ value: string; object: string }>((tie) => ({
      object: fc
        .uniqueArray(fc.tuple(key, tie("value")), { selector: ([key]) => key, maxLength: 5 })
        .map((entries) => `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(",")}}`),
      value: fc.oneof(
        { depthSize: "small" },
        scalar,
        tie("object"),
        fc.array(tie("value"), { maxLength: 3 }).map((items) => `[${items.join(",")}]`),
      ),
    }));
    fc.assert(
      fc.property(value, (value) => {
        const text = `{"x":${value}}`;
        expect(JSON.stringify(readSchemaText(text))).toBe(text);
      }),
    );
  });

  for (const text of ["", "{", "nul", "null", "[]", "1", '"{}"', "{}}"]) {
    it(`is undefined for ${text}`, () => {
      expect(readSchemaText(text)).toBeUndefined();
    });
  }
});
