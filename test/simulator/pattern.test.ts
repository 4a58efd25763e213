import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchesPattern } from "../../src/simulator/pattern-match.ts";
import { samplePattern } from "../../src/simulator/pattern-sample.ts";
import { type PatternNode, readPattern } from "../../src/simulator/pattern.ts";
import { randomFor } from "../../src/simulator/seeded-random.ts";

const atoms = [
  "a",
  "b",
  "한",
  "é",
  "-",
  "/",
  "😀",
  "\\d",
  "\\w",
  "\\s",
  "\\D",
  "\\W",
  "\\t",
  "\\.",
  "\\/",
  "\\u0041",
  "\\x42",
  "\\u{1F600}",
  "\\p{L}",
  ".",
  "[a-c]",
  "[^a]",
  "[\\w.-]",
  "[가-힣]",
  "[\\]a]",
  "[😀-😎]",
];

/** Regular expressions that mean the same with and without us: no look-around, no references. */
const patterns: fc.Arbitrary<string> = fc.letrec<{ choice: string; item: string; atom: string }>((tie) => ({
  choice: fc
    .array(
      fc.array(tie("item"), { maxLength: 3 }).map((items) => items.join("")),
      { minLength: 1, maxLength: 2 },
    )
    .map((branches) => branches.join("|")),
  item: fc
    .tuple(tie("atom"), fc.constantFrom("", "", "", "*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"))
    .map(([atom, quantifier]) => atom + quantifier),
  atom: fc.oneof(
    { maxDepth: 2, depthSize: "small" },
    fc.constantFrom(...atoms),
    tie("choice").map((inner) => `(${inner})`),
    tie("choice").map((inner) => `(?:${inner})`),
  ),
})).choice;

const anchored = fc
  .tuple(patterns, fc.boolean())
  .map(([pattern, whole]) => (whole ? `^(?:${pattern})$` : pattern));

function read(source: string): PatternNode {
  const tree = readPattern(source);
  if (tree === undefined) throw new Error(`not read: ${source}`);
  return tree;
}

/** The engine's own word, for short texts alone: some of these patterns make it run away. */
function engineFinds(source: string, text: string): boolean {
  return new RegExp(source, "u").test(text);
}

describe("samplePattern()", () => {
  it("gives a text that the pattern matches, as we and the engine say", () => {
    fc.assert(
      fc.property(anchored, fc.string({ maxLength: 4 }), fc.nat(3), (source, purpose, longer) => {
        const tree = read(source);
        const text = samplePattern(tree, randomFor("0123456789abcdef", purpose), longer);
        expect(text).toBeDefined();
        expect(matchesPattern(tree, text!)).toBe(true);
        if (text!.length <= 16) expect(engineFinds(source, text!)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("grows an open quantifier with what is asked for", () => {
    const lengths = Array.from(
      { length: 40 },
      (_, at) => samplePattern(read("^a+$"), randomFor("0123456789abcdef", `${at}`), 30)!.length,
    );
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...lengths)).toBeGreaterThan(20);
  });

  for (const source of ["(a{1000}){1000}", "((){1000}){1000}", "[^\\s\\S]"]) {
    it(`gives up on ${source}`, () => {
      expect(samplePattern(read(source), () => 0.5, 1)).toBeUndefined();
    });
  }
});

describe("matchesPattern()", () => {
  it("finds what the engine finds", () => {
    const texts = fc.oneof(
      fc.constantFrom("", "a", "ab-1한", "aaaa bb", "😀", "A.B/é", "\t"),
      fc.string({ unit: fc.constantFrom("a", "b", "1", "한", "é", " ", "-", "\t", "."), maxLength: 8 }),
    );
    fc.assert(
      fc.property(anchored, texts, (source, text) => {
        expect(matchesPattern(read(source), text)).toBe(engineFinds(source, text));
      }),
      { numRuns: 1000 },
    );
  });

  it("answers at once where the engine would not", () => {
    const text = `${"a".repeat(300)}!`;
    expect(matchesPattern(read("^(a+)+$"), text)).toBe(false);
    expect(matchesPattern(read("^(?:a|a)*b$"), text)).toBe(false);
  });

  it("lets a text pass that costs too much to look at", () => {
    expect(matchesPattern(read("^(?:a|a)*b$"), `${"a".repeat(1_999)}!`)).toBe(true);
    expect(matchesPattern(read("^b"), "a".repeat(2_001))).toBe(true);
  });

  it("takes the same wherever it stands, anchored or not", () => {
    expect(matchesPattern(read("b"), "abc")).toBe(true);
    expect(matchesPattern(read("^b"), "abc")).toBe(false);
    expect(matchesPattern(read("^a|c$"), "bbc")).toBe(true);
    expect(matchesPattern(read("b$"), "abc")).toBe(false);
  });
});

describe("readPattern()", () => {
  const errors = ["(", "a)", "[a", "\\", "a**", "*", "[z-a]", "\\u{110000}", "\\p{Foo}", "a{3,1}"];
  const beyond = [
    "(?=a)",
    "(?!a)",
    "(?<=a)b",
    "\\bword",
    "(a)\\1",
    "(?<x>a)\\k<x>",
    "(?i)a",
    "a".repeat(501),
  ];
  for (const source of [...errors, ...beyond]) {
    it(`does not read ${JSON.stringify(source.slice(0, 20))}`, () => {
      expect(readPattern(source)).toBeUndefined();
    });
  }

  for (const { source, text } of [
    { source: "^\\-\\_\\@$", text: "-_@" },
    { source: "^[\\w\\-]{2}$", text: "a-" },
    { source: "^a{b}$", text: "a{b}" },
    { source: "^x{,3}$", text: "x{,3}" },
    { source: "^(?<year>\\d{4})$", text: "2025" },
    { source: "^]}$", text: "]}" },
  ]) {
    it(`reads ${source} as engines do without the unicode flag`, () => {
      expect(matchesPattern(read(source), text)).toBe(true);
      expect(new RegExp(source).test(text)).toBe(true);
    });
  }
});
