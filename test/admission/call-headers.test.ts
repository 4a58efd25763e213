import { describe, expect, it } from "vitest";
import { readCaller } from "../../src/admission/caller.ts";
import { readCriticality } from "../../src/admission/criticality.ts";

describe("readCriticality()", () => {
  for (const { header, expected } of [
    { header: undefined, expected: "critical" },
    { header: "", expected: "critical" },
    { header: "sheddable", expected: "sheddable" },
    { header: " Sheddable-Plus ", expected: "sheddable-plus" },
    { header: "critical-plus", expected: "critical-plus" },
    { header: "sheddable_plus", expected: "critical" },
    { header: "critical, sheddable", expected: "critical" },
    { header: "toString", expected: "critical" },
  ]) {
    it(`is ${expected} for ${JSON.stringify(header)}`, () => {
      expect(readCriticality(header)).toBe(expected);
    });
  }
});

describe("readCaller()", () => {
  for (const { header, expected } of [
    { header: undefined, expected: "anonymous" },
    { header: "", expected: "anonymous" },
    { header: "   ", expected: "anonymous" },
    { header: "team-a", expected: "team-a" },
    { header: " team a ", expected: "team a" },
    { header: "x".repeat(128), expected: "x".repeat(128) },
    { header: "x".repeat(129), expected: "anonymous" },
    { header: "team\u0007", expected: "anonymous" },
    { header: "a\nb", expected: "anonymous" },
    { header: "팀", expected: "anonymous" },
  ]) {
    it(`is ${expected.slice(0, 20)} for ${JSON.stringify(header?.slice(0, 20))}`, () => {
      expect(readCaller(header)).toBe(expected);
    });
  }
});
