import { create } from "@bufbuild/protobuf";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CostSchema } from "../../gen/switchyard/v1/routing_pb.ts";
import { formatCost, formatUsd } from "../../src/cli/money.ts";

describe("formatUsd()", () => {
  for (const [nanos, text] of [
    [0n, "$0.00"],
    [1n, "$0.000000001"],
    [69_640n, "$0.00006964"],
    [420_000_000n, "$0.42"],
    [1_500_000_000n, "$1.50"],
    [-2_000_000_001n, "-$2.000000001"],
    [9_223_372_036_854_775_807n, "$9223372036.854775807"],
  ] as const) {
    it(`shows ${nanos} nanos as ${text}`, () => {
      expect(formatUsd(nanos)).toBe(text);
    });
  }

  it("is exact: the digits give the nanos back", () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (nanos) => {
        const [whole = "", fraction = ""] = formatUsd(nanos).replace("$", "").split(".");
        const digits = `${whole}${fraction.padEnd(9, "0")}`.replace(/^-0+(?=\d)/, "-");
        expect(BigInt(digits)).toBe(nanos);
        expect(fraction.length).toBeGreaterThanOrEqual(2);
      }),
    );
  });
});

describe("formatCost()", () => {
  it("says that a price is unknown and shows no zero", () => {
    expect(formatCost(create(CostSchema, { unpriced: true }))).toMatch(/^unpriced/);
  });

  it("says that a cost is estimated", () => {
    expect(formatCost(create(CostSchema, { nanosUsd: 5n, estimated: true }))).toMatch(
      /\$0.000000005 \(estimated/,
    );
  });
});
