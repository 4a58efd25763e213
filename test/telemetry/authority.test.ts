import { describe, expect, it } from "vitest";
import { readAuthority } from "../../src/telemetry/authority.ts";

describe("readAuthority()", () => {
  const cases = [
    { authority: "localhost:8080", expected: { host: "localhost", port: 8080 } },
    { authority: "gateway.example", expected: { host: "gateway.example", port: undefined } },
    { authority: "[::1]:50051", expected: { host: "::1", port: 50_051 } },
    { authority: "10.0.0.1", expected: { host: "10.0.0.1", port: undefined } },
    { authority: "host:99999", expected: { host: "host", port: undefined } },
    { authority: "host:0", expected: { host: "host", port: undefined } },
    { authority: "user:password@host:80", expected: undefined },
    { authority: "host:80/path", expected: undefined },
    { authority: "h\nost", expected: undefined },
    { authority: "x".repeat(300), expected: undefined },
    { authority: "", expected: undefined },
    { authority: undefined, expected: undefined },
  ];
  for (const { authority, expected } of cases) {
    it(`reads ${JSON.stringify(authority?.slice(0, 40))}`, () => {
      expect(readAuthority(authority)).toEqual(expected);
    });
  }
});
