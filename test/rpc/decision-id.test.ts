import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createCallIds, decisionId, decisionTime } from "../../src/rpc/decision-id.ts";

const at = (): number => 1_700_000_000_000;

describe("ids of calls", () => {
  it("has 26 characters of Crockford's base 32", () => {
    expect(createCallIds(Date.now)()).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
  });

  it("begins with the time as every ULID does", () => {
    expect(createCallIds(() => 1_469_918_176_385)().slice(0, 10)).toBe("01ARYZ6S41");
  });

  it("is in the order of making, whatever the wall clock does", () => {
    const instants = fc.array(fc.integer({ min: 0, max: 2 ** 47 }), { minLength: 2, maxLength: 50 });
    fc.assert(
      fc.property(instants, (times) => {
        let index = 0;
        const next = createCallIds(() => times[index++]!);
        const ids = times.map(() => next());
        expect(new Set(ids).size).toBe(ids.length);
        expect(ids.toSorted()).toEqual(ids);
      }),
    );
  });

  it("is not the same in two processes at the same millisecond", () => {
    expect(createCallIds(at)()).not.toBe(createCallIds(at)());
  });

  it("has chance of its own in each, however many are made", () => {
    let ms = 0;
    const next = createCallIds(() => ms++);
    const chances = Array.from({ length: 2000 }, () => next().slice(10));
    expect(new Set(chances).size).toBe(chances.length);
  });

  it("tells the arm by its prefix", () => {
    expect(decisionId("canary", "X")).toBe("CNRY_X");
    expect(decisionId("stable", "X")).toBe("PROD_X");
  });

  it("tells when the call came in, and nothing where it is no id of ours", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 47 }), fc.constantFrom("canary", "stable"), (ms, arm) => {
        expect(decisionTime(decisionId(arm, createCallIds(() => ms)()))).toBe(ms);
      }),
    );
    for (const foreign of [
      "",
      "PROD_1",
      "X_01ARYZ6S410123456789ABCDEF",
      "PROD_01ARYZ6S410123456789ABCDEFG",
    ]) {
      expect(decisionTime(foreign)).toBeUndefined();
    }
  });
});
