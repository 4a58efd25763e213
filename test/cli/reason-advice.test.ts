import { describe, expect, it } from "vitest";
import { ErrorReason, ErrorReasonSchema } from "../../gen/switchyard/v1/routing_pb.ts";
import { adviceFor } from "../../src/cli/reason-advice.ts";

describe("adviceFor()", () => {
  for (const { localName, number } of ErrorReasonSchema.values) {
    if (number === ErrorReason.UNSPECIFIED) continue;
    it(`says what to do about ${localName}`, () => {
      expect(adviceFor(localName)).toMatch(/\S/);
    });
  }
});
