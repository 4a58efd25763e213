import { expect, it } from "vitest";
import { formatProblems } from "../../src/config/format-problems.ts";

it("lists problems in the order of the file, then the environment's, then their number", () => {
  const report = formatProblems("switchyard.yaml", [
    { path: "SWITCHYARD_LOG_LEVEL", line: undefined, message: "must be one of …" },
    { path: "models.x.price", line: 12, message: "is missing" },
    { path: "", line: 2, message: "is indented with a tab" },
  ]);
  expect(report).toBe(
    [
      "switchyard.yaml:2: is indented with a tab",
      "switchyard.yaml:12 models.x.price: is missing",
      "SWITCHYARD_LOG_LEVEL: must be one of …",
      "3 problems",
    ].join("\n"),
  );
});

it("counts one problem as one, and names the file where nothing else is known", () => {
  expect(formatProblems("a.yaml", [{ path: "", line: undefined, message: "does not exist" }])).toBe(
    "a.yaml: does not exist\n1 problem",
  );
});

it("lets no name in the file move the terminal", () => {
  const report = formatProblems("a.yaml", [
    { path: "\u001B[2J\u202E\r\n", line: 1, message: "is not known" },
  ]);
  // eslint-disable-next-line no-control-regex -- their absence is the point
  expect(report).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u202E]/);
});
