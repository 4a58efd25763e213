import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { terminalText } from "../../src/cli/terminal-text.ts";

const cases = [
  { name: "keeps text of any script", text: "한국어, naïve, 👍🏽\n\tx", shown: "한국어, naïve, 👍🏽\n\tx" },
  { name: "shows an escape sequence", text: "\u001b[2Jgone", shown: "␛[2Jgone" },
  { name: "shows the start of an OSC sequence and its end", text: "\u001b]0;t\u0007", shown: "␛]0;t␇" },
  { name: "replaces one-byte control sequence introducers", text: "\u009b2J", shown: "\uFFFD2J" },
  { name: "drops carriage returns", text: "real\rfake\r\nnext", shown: "realfake\nnext" },
  { name: "replaces characters that reorder text", text: "a\u202Eb\u2066c", shown: "a\uFFFDb\uFFFDc" },
  { name: "shows delete and null", text: "\u007f\u0000", shown: "␡␀" },
];

describe("terminalText()", () => {
  for (const { name, text, shown } of cases) {
    it(`on a terminal: ${name}`, () => {
      expect(terminalText(text)).toBe(shown);
    });
  }

  it("leaves no control character but tab and newline, and changes nothing twice", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const shown = terminalText(text);
        expect(shown).not.toMatch(/(?![\t\n])\p{Cc}/u);
        expect(terminalText(shown)).toBe(shown);
      }),
    );
  });
});
