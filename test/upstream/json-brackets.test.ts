import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createJsonBrackets } from "../../src/upstream/json-brackets.ts";

function follow(...pieces: readonly string[]) {
  const brackets = createJsonBrackets();
  for (const piece of pieces) {
    brackets.add(piece);
  }
  return { allClosed: brackets.allClosed(), deepest: brackets.deepest() };
}

describe("createJsonBrackets()", () => {
  const cases: readonly (readonly [string, { allClosed: boolean; deepest: number }])[] = [
    ["", { allClosed: false, deepest: 0 }],
    ["{", { allClosed: false, deepest: 1 }],
    ["{}", { allClosed: true, deepest: 1 }],
    ['{"a":[{}]}', { allClosed: true, deepest: 3 }],
    ['{"a":"}"', { allClosed: false, deepest: 1 }],
    ['{"a":"\\"}"', { allClosed: false, deepest: 1 }],
    ['{"a":"\\\\"}', { allClosed: true, deepest: 1 }],
    ['{"a":"\\\\\\"}', { allClosed: false, deepest: 1 }],
    ['{"a":"{[{["}', { allClosed: true, deepest: 1 }],
  ];
  it.each(cases)("follows %s", (text, expected) => {
    expect(follow(text)).toEqual(expected);
  });

  it("says the same wherever the text is cut", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("{", "}", "[", "]", '"', "\\", "a", "😀") }),
        fc.nat(),
        (text, at) => {
          const cut = at % (text.length + 1);
          expect(follow(text.slice(0, cut), text.slice(cut))).toEqual(follow(text));
        },
      ),
    );
  });

  it("is closed exactly at the end of any JSON object", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const text = JSON.stringify(object);
        expect([follow(text).allClosed, follow(text.slice(0, -1)).allClosed]).toEqual([true, false]);
      }),
    );
  });
});
