import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { moneyPattern, nanosOf } from "../../src/config/money.ts";

describe("money", () => {
  const amounts: readonly (readonly [string, bigint])[] = [
    ["0", 0n],
    ["0.42", 420_000_000n],
    ["1.90", 1_900_000_000n],
    ["75", 75_000_000_000n],
    ["0.000000001", 1n],
    ["00.5", 500_000_000n],
    ["999999999.999999999", 999_999_999_999_999_999n],
  ];
  for (const [text, nanos] of amounts) {
    it(`reads ${text} as ${nanos} nano-USD`, () => {
      expect(moneyPattern.test(text)).toBe(true);
      expect(nanosOf(text)).toBe(nanos);
    });
  }

  for (const text of [
    "",
    "-1",
    "+1",
    "1.",
    ".5",
    "1,5",
    "1e3",
    "0.0000000001",
    "1000000000",
    "NaN",
    " 1",
    "1\n",
    "0x1",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(moneyPattern.test(text)).toBe(false);
      expect(() => nanosOf(text)).toThrow(RangeError);
    });
  }

  it("is exact for every amount that it takes", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 999_999_999_999_999_999n }), (nanos) => {
        const digits = String(nanos).padStart(10, "0");
        expect(nanosOf(`${digits.slice(0, -9)}.${digits.slice(-9)}`)).toBe(nanos);
      }),
    );
  });
});
