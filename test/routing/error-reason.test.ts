import { describe, expect, it } from "vitest";
import { ErrorReason, ErrorReasonSchema } from "../../gen/switchyard/v1/routing_pb.ts";
import { errorReasonOf } from "../../src/routing/error-reason.ts";
import { failureRules } from "../../src/routing/failure-rules.ts";
import type { FailureKind } from "../../src/routing/failure.ts";

// Who cancelled is told nothing: the contract has no reason for it.
const told = (Object.keys(failureRules) as FailureKind[]).filter((kind) => kind !== "cancelled");
const kinds = [...told, "none-available" as const];

describe("the reason that a caller is told", () => {
  it.each(kinds)("is a name of the contract: %s", (kind) => {
    expect(Object.keys(ErrorReason)).toContain(errorReasonOf(kind));
    expect(ErrorReasonSchema.values.map(({ name }) => name)).toContain(`ERROR_REASON_${errorReasonOf(kind)}`);
  });

  it("never says that the caller's credentials are wrong where ours are", () => {
    expect([errorReasonOf("unauthorized"), errorReasonOf("forbidden")]).toEqual([
      "UPSTREAM_AUTH",
      "UPSTREAM_AUTH",
    ]);
  });
});
