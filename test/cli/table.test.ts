import { describe, expect, it } from "vitest";
import { formatTable } from "../../src/cli/table.ts";

describe("formatTable()", () => {
  it("aligns columns and leaves no blank at the end of a line", () => {
    const table = formatTable([
      ["A", "LONG", ""],
      ["long cell", "x", ""],
    ]);
    expect(table).toBe("A          LONG\nlong cell  x");
  });

  it("counts what a terminal shows: wide characters take two columns, combined ones one", () => {
    const table = formatTable([
      ["한국", "x"],
      ["abcd", "x"],
      ["e\u0301f", "x"],
    ]);
    expect(table).toBe("한국  x\nabcd  x\ne\u0301f    x");
  });
});
