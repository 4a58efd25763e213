import * as fc from "fast-check";
import { pino } from "pino";
import { describe, expect, it } from "vitest";
import { spellLinesWhole } from "../../src/telemetry/log-line.ts";

/** Two loggers alike but for who spells out their lines. */
function twins(): { readonly lines: (fields: Record<string, unknown>) => readonly [string, string] } {
  const lines: string[] = [];
  const [whole, usual] = [0, 1].map((at) =>
    pino(
      { timestamp: () => ',"time":1', formatters: { level: (label) => ({ level: label }) } },
      { write: (line: string) => void (lines[at] = line) },
    ).child({ worker: 2, note: 'a "quoted" one' }),
  );
  if (whole === undefined || usual === undefined) throw new Error("two were made");
  spellLinesWhole(whole);
  return {
    lines: (fields) => {
      whole.warn(fields);
      usual.warn(fields);
      const [a = "", b = ""] = lines;
      return [a, b];
    },
  };
}

describe("a line that is spelled out whole", () => {
  it("says what pino's says, in the same order", () => {
    const { lines } = twins();
    const value = fc.oneof(
      fc.jsonValue(),
      fc.double(),
      fc.constant(undefined),
      fc.date({ noInvalidDate: true }),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value, { minKeys: 1 }), (fields) => {
        const [whole, usual] = lines({ ...fields, msg: "m" }).map((line) => JSON.parse(line) as object);
        expect(whole).toEqual(usual);
        expect(Object.keys(whole ?? {})).toEqual(Object.keys(usual ?? {}));
      }),
    );
  });

  it("is one line that ends in a line feed, whatever its fields hold", () => {
    const [whole, usual] = twins().lines({ "a\nb": "c\nd", msg: "two\nlines" });
    expect(whole).toBe(usual);
    expect(whole.match(/\n/g)).toHaveLength(1);
  });

  it("is left to pino where a value cannot be spelled out", () => {
    const circle: Record<string, unknown> = { msg: "m" };
    circle["self"] = circle;
    const [whole, usual] = twins().lines(circle);
    expect(whole).toBe(usual);
    expect(JSON.parse(whole)).toMatchObject({ msg: "m" });
  });
});
