import { inspect } from "node:util";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ConfigResult } from "../../src/config/config.ts";
import { formatProblems } from "../../src/config/format-problems.ts";
import { compileCatalog } from "../../src/config/compile-catalog.ts";
import { parse, shippedText } from "../support/parsed-config.ts";

/** Everything that a result shows to anyone who does not ask for a secret by name. */
function shownOf(result: ConfigResult): string {
  const json = JSON.stringify(result, (_, value: unknown) => {
    if (value instanceof Map || value instanceof Set) return [...value];
    return typeof value === "bigint" ? String(value) : value;
  });
  const report = result.kind === "invalid" ? formatProblems("switchyard.yaml", result.problems) : "";
  return [json, inspect(result, { depth: 9, showHidden: true }), report].join("\n");
}

const lines = shippedText.split("\n");
const words = [
  "",
  "null",
  "[",
  "{",
  "*",
  "&a ",
  "- ",
  ": ",
  "\t",
  "'",
  '"',
  "~",
  "1e999",
  "__proto__",
  "🚂",
  "off",
  "%",
  "!!x ",
];

/** The shipped file with lines dropped, doubled, moved, cut and spliced. */
const mutated = fc
  .array(
    fc.record({
      at: fc.nat(lines.length - 1),
      to: fc.nat(lines.length - 1),
      column: fc.nat(60),
      how: fc.constantFrom("drop", "double", "move", "cut", "splice", "uncomment"),
      word: fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 8 })),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((mutations) => {
    const text = [...lines];
    for (const { at, to, column, how, word } of mutations) {
      const line = text[at] ?? "";
      if (how === "drop") text.splice(at, 1);
      else if (how === "double") text.splice(at, 0, line);
      else if (how === "move") text.splice(to, 0, ...text.splice(at, 1));
      else if (how === "cut") text[at] = line.slice(0, column);
      else if (how === "uncomment") text[at] = line.replace(/^#(?=\S)/, "");
      else text[at] = `${line.slice(0, column)}${word}${line.slice(column)}`;
    }
    return text.join("\n");
  });

describe("parseConfig()", () => {
  it("never throws on any text, and an invalid result has a problem with a message", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary", maxLength: 200 }), fc.string({ maxLength: 200 })),
        (text) => {
          const result = parse(text);
          const problems = result.kind === "invalid" ? result.problems : [];
          expect(problems.length > 0).toBe(result.kind === "invalid");
          expect(problems.filter(({ message, line }) => message === "" || (line ?? 1) < 1)).toEqual([]);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("never throws on a mutation of the shipped file, and every line it names is one of the text", () => {
    fc.assert(
      fc.property(mutated, (text) => {
        const result = parse(text);
        if (result.kind === "valid") compileCatalog(result.config);
        const problems = result.kind === "invalid" ? result.problems : [];
        const count = text.split("\n").length;
        expect(problems.filter(({ line }) => (line ?? 1) > count)).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  it("never throws on any value at any place", () => {
    const names = [
      "listen",
      "upstreams",
      "models",
      "tiers",
      "fallback",
      "retry",
      "timeouts",
      "limiter",
      "canary",
      "ledger",
      "budgets",
      "operator",
      "simulator",
      "cors",
      "workers",
    ];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 4 })), (value) => {
        expect(["valid", "invalid"]).toContain(parse(JSON.stringify(value)).kind);
      }),
      { numRuns: 500 },
    );
  });

  it("shows no character run of a key, well-formed or not, wherever it also stands in the file", () => {
    const alphabet = fc.constantFrom(
      ..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_".split(""),
    );
    const tail = fc.string({ unit: alphabet, minLength: 10, maxLength: 60 });
    const key = fc
      .tuple(fc.constantFrom("sk-", "", "hs_", "sk-proj-"), tail)
      .map(([head, rest]) => `${head}Q7${rest}`);
    const places = [
      () => "",
      (k: string) => `${k}: 1`,
      (k: string) => `upstreams: { one: { baseUrl: "https://x", keys: [${k}] } }`,
      (k: string) => `upstreams: { one: { baseUrl: "https://x/${k}", keys: [{ id: ${k}, env: ONE_KEY }] } }`,
      (k: string) =>
        `upstreams: { one: { baseUrl: "https://x", keys: [{ id: a, env: "${k}" }, { id: b, file: "${k}" }] } }`,
      (k: string) => `models: { "acme/${k}": { upstreams: ["${k}"] } }`,
      (k: string) => `tiers: { simple: ["${k}"] }\nlogLevel: ${k}`,
      (k: string) => `listen: { connect: "${k}:1" }`,
      (k: string) => `a: "${k}\nb: *${k}`,
      (k: string) => `a: !${k} b\n${k}: 1\n${k}: 2`,
      (k: string) => `simulator: { faults: { "${k}": stall } }`,
    ];
    fc.assert(
      fc.property(key, fc.constantFrom(...places), fc.boolean(), (secret, place, broken) => {
        const held = broken ? `${secret} ${secret}` : secret;
        const text = place(secret);
        const env = { HOLYSHEEP_API_KEY: held, ONE_KEY: held };
        const shown = shownOf(
          parse(
            text.replace(
              "upstreams: { one",
              "upstreams: { holysheep: { baseUrl: https://h, keys: [{ id: p, env: HOLYSHEEP_API_KEY }] }, one",
            ),
            env,
          ),
        );
        expect(shown).not.toContain(secret);
      }),
      { numRuns: 600 },
    );
  });
});
