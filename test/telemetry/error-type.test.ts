import { describe, expect, it } from "vitest";
import { errorTypeOf } from "../../src/telemetry/error-type.ts";
import { sampleFailure } from "../support/span-samples.ts";

describe("errorTypeOf()", () => {
  const cases = [
    { failure: { upstreamCode: "insufficient_quota", httpStatus: 429 }, expected: "insufficient_quota" },
    { failure: { kind: "rate-limited", httpStatus: 429 }, expected: "429" },
    { failure: { kind: "redirected", httpStatus: 307 }, expected: "307" },
    { failure: { kind: "timeout", httpStatus: undefined }, expected: "timeout" },
    { failure: { kind: "timeout", httpStatus: 200, limit: "first-token" }, expected: "timeout" },
    { failure: { kind: "deadline-exceeded", httpStatus: undefined }, expected: "timeout" },
    { failure: { kind: "unreachable", httpStatus: undefined }, expected: "connection_error" },
    { failure: { kind: "connection-lost", httpStatus: undefined }, expected: "connection_error" },
    { failure: { kind: "stale-connection", httpStatus: undefined }, expected: "connection_error" },
    { failure: { kind: "bad-response", httpStatus: 200 }, expected: "_OTHER" },
    { failure: { kind: "stream-broken", httpStatus: 200 }, expected: "_OTHER" },
    { failure: { kind: "stream-broken", httpStatus: 200, limit: "token-idle" }, expected: "timeout" },
    { failure: { kind: "local", httpStatus: undefined }, expected: "_OTHER" },
  ] as const;
  for (const { failure, expected } of cases) {
    it(`is ${expected} for ${JSON.stringify(failure)}`, () => {
      expect(errorTypeOf(sampleFailure(failure))).toBe(expected);
    });
  }
});
