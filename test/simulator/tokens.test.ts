import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countTokens, splitTokens } from "../../src/simulator/tokens.ts";

describe("splitTokens()", () => {
  it("cuts every text into non-empty pieces that are the text again, and as many as countTokens says", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" })), (text) => {
        const tokens = splitTokens(text);
        expect(tokens.join("")).toBe(text);
        expect(tokens.every((token) => token.length > 0)).toBe(true);
        expect(countTokens(text)).toBe(tokens.length);
        expect(tokens.every((token) => token.isWellFormed())).toBe(text.isWellFormed());
      }),
    );
  });

  it("moves on at every UTF-16 unit, alone and in the middle", () => {
    for (let code = 0; code <= 0xffff; code += 1) {
      const unit = String.fromCharCode(code);
      expect(splitTokens(`a${unit}b`).join("")).toBe(`a${unit}b`);
      if (countTokens(unit) !== 1) throw new Error(`U+${code.toString(16)} is not one token`);
    }
  });

  for (const { text, tokens } of [
    { text: "", tokens: [] },
    { text: "hello world", tokens: ["hello", " world"] },
    { text: "안녕", tokens: ["안", "녕"] },
    { text: "a  b\n", tokens: ["a", "  ", "b", "\n"] },
    { text: "12345", tokens: ["123", "45"] },
    { text: "，😀", tokens: ["，", "😀"] },
  ]) {
    it(`cuts ${JSON.stringify(text)}`, () => {
      expect(splitTokens(text)).toEqual(tokens);
    });
  }
});
