import { describe, expect, it } from "vitest";
import { readYaml } from "../../src/config/yaml-text.ts";

describe("readYaml()", () => {
  it("keeps the line of every value, and of what stands around one that is missing", () => {
    const { value, lineOf, problems } = readYaml("a:\n  b: 1\n  c:\n    - x\n    - y: 2\n\nd: { e: 3 }\n");
    expect(problems).toEqual([]);
    expect(value).toEqual({ a: { b: 1, c: ["x", { y: 2 }] }, d: { e: 3 } });
    expect(lineOf(["a", "b"])).toBe(2);
    expect(lineOf(["a", "c", 1, "y"])).toBe(5);
    expect(lineOf(["a", "c", 1, "missing", "deeper"])).toBe(5);
    expect(lineOf(["d", "e"])).toBe(7);
    expect(lineOf(["missing"])).toBe(1);
    expect(lineOf([])).toBe(1);
  });

  for (const { name, text } of [
    { name: "nothing", text: "" },
    { name: "only comments", text: "# a\n\n  # b\n" },
    { name: "a byte order mark", text: "\uFEFF" },
    { name: "a document marker", text: "---\n" },
  ]) {
    it(`reads ${name} as an empty map`, () => {
      const { value, problems } = readYaml(text);
      expect(problems).toEqual([]);
      expect(value).toEqual({});
    });
  }

  it("reads lines that end as on Windows", () => {
    const { value, lineOf } = readYaml("a: 1\r\nb:\r\n  c: x\r\n");
    expect(value).toEqual({ a: 1, b: { c: "x" } });
    expect(lineOf(["b", "c"])).toBe(3);
  });

  it("follows an alias", () => {
    const { value, problems } = readYaml("a: &list [1, 2]\nb: *list\n");
    expect(problems).toEqual([]);
    expect(value).toEqual({ a: [1, 2], b: [1, 2] });
  });

  const bad: readonly { name: string; text: string; lines: readonly number[]; message: RegExp }[] = [
    { name: "a name that stands twice", text: "a: 1\nb: 2\na: 3\n", lines: [3], message: /stands twice/ },
    {
      name: "names that differ only in their type",
      text: 'a:\n  1: x\n  "1": y\n',
      lines: [2],
      message: /stands twice/,
    },
    { name: "a tab", text: "a:\n\tb: 1\n", lines: [2], message: /tab/ },
    { name: "an unclosed bracket", text: "a: [1,\nb: 2\n", lines: [2], message: /bracket|missing/ },
    { name: "an unclosed quote", text: "a: 1\nb: 'x\n", lines: [3], message: /quote/ },
    { name: "two documents", text: "a: 1\n---\nb: 2\n", lines: [2], message: /more than one document/ },
    { name: "another version of YAML", text: "%YAML 1.1\n---\na: off\n", lines: [1], message: /YAML 1\.2/ },
    { name: "an unknown tag", text: "a: !secret x\n", lines: [1], message: /tag/ },
    { name: "binary data", text: "a: 1\nb: !!binary eA==\n", lines: [2], message: /tag/ },
    { name: "an alias without an anchor", text: "a: 1\nb: *x\n", lines: [2], message: /alias/ },
    { name: "an alias of itself", text: "a: &x\n  b: *x\n", lines: [2], message: /contains it/ },
    { name: "a list as a name", text: "a:\n  ? [1, 2]\n  : 3\n", lines: [2], message: /not plain text/ },
    { name: "no name", text: "a:\n  : 3\n", lines: [2], message: /not plain text/ },
    {
      name: "the name of every object's prototype",
      text: "a: 1\n__proto__: 2\n",
      lines: [2],
      message: /nothing can have/,
    },
    { name: "a NUL", text: "a: 1\nb: \0\n", lines: [2], message: /NUL/ },
    { name: "two names on a line", text: "a: b: c\n", lines: [1], message: /on one line/ },
    { name: "a reserved first character", text: "a: @b\n", lines: [1], message: /quotes/ },
  ];
  for (const { name, text, lines, message } of bad) {
    it(`refuses ${name} at its line`, () => {
      const { problems } = readYaml(text);
      const matching = problems.filter((problem) => message.test(problem.message));
      expect(matching.map(({ line }) => line)).toEqual(lines);
    });
  }

  it("tells every syntax error at once", () => {
    const { problems } = readYaml("a: 1\na: 2\nb: }\nc: 'x\n");
    expect(new Set(problems.map(({ line }) => line)).size).toBeGreaterThan(1);
  });

  const bomb = ["a: &a [x,x,x,x,x,x,x,x,x]"];
  for (const [index, name] of "bcdefghi".split("").entries()) {
    const previous = `*${"abcdefgh"[index]}`;
    bomb.push(`${name}: &${name} [${Array.from({ length: 9 }, () => previous).join(",")}]`);
  }
  for (const { name, text } of [
    { name: "aliases that grow exponentially", text: bomb.join("\n") },
    { name: "a hundred thousand open brackets", text: "[".repeat(100_000) },
    { name: "a hundred thousand nested maps", text: "{a: ".repeat(100_000) },
    { name: "deep nesting that is well-formed", text: `a: ${"[".repeat(500)}${"]".repeat(500)}` },
    { name: "a text of many megabytes", text: `a: ${"x".repeat(3_000_000)}` },
  ]) {
    it(`survives ${name}`, () => {
      const { problems } = readYaml(text);
      expect(problems.length).toBeGreaterThan(0);
      expect(problems.length).toBeLessThan(50);
    });
  }
});
