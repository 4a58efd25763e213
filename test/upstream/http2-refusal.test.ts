import { describe, expect, it } from "vitest";
import { isUnprocessedHttp2 } from "../../src/upstream/http2-refusal.ts";

describe("an HTTP/2 error", () => {
  const cases: readonly { readonly name: string; readonly error: unknown; readonly expected: boolean }[] = [
    {
      name: "REFUSED_STREAM",
      error: Object.assign(new Error("stream"), { http2ErrorCode: 7 }),
      expected: true,
    },
    {
      name: "INTERNAL_ERROR",
      error: Object.assign(new Error("stream"), { http2ErrorCode: 2 }),
      expected: false,
    },
    { name: "GOAWAY", error: new Error('HTTP/2: "GOAWAY" frame received with code 0'), expected: true },
    { name: "a lost socket", error: new Error("other side closed"), expected: false },
    { name: "no error", error: undefined, expected: false },
  ];
  for (const { name, error, expected } of cases) {
    it(`tells ${expected ? "that nothing was begun" : "nothing"}: ${name}`, () => {
      expect(isUnprocessedHttp2(error)).toBe(expected);
    });
  }
});
