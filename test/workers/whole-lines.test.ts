import * as fc from "fast-check";
import { expect, it } from "vitest";
import { wholeLines } from "../../src/workers/whole-lines.ts";

it("passes on whole lines alone, however their bytes are cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", " "))),
      fc.array(fc.integer({ min: 1, max: 9 })),
      (lines, cuts) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
        const passed: string[] = [];
        const take = wholeLines((text) => void passed.push(text));
        let at = 0;
        for (const cut of cuts) take(bytes.subarray(at, (at += cut)));
        take(bytes.subarray(at));
        expect(passed.join("")).toBe(bytes.toString());
        for (const text of passed) expect(text.endsWith("\n")).toBe(true);
      },
    ),
  );
});

it("passes on nothing of a line that never ended", () => {
  const passed: string[] = [];
  const take = wholeLines((text) => void passed.push(text));
  take(Buffer.from("one\ntw"));
  expect(passed).toEqual(["one\n"]);
});
