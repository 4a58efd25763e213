import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { RouteDecisionSchema } from "../../gen/switchyard/v1/routing_pb.ts";
import type { CallFailure } from "../../src/routing/call-failure.ts";
import { failureRules } from "../../src/routing/failure-rules.ts";
import type { FailureKind } from "../../src/routing/failure.ts";
import { callFailureError, type FailedCall } from "../../src/rpc/call-failure-error.ts";
import type { RpcError } from "../../src/rpc/rpc-error.ts";
import { toMs } from "../../src/rpc/wire-time.ts";
import { routeDecisionOf, skipEntry } from "../support/call-samples.ts";
import { detailOf } from "../support/rpc-error-details.ts";
import { sampleFailure } from "../support/routing-samples.ts";

const call: FailedCall = {
  decision: routeDecisionOf({ attemptCount: 2 }),
  model: "acme/a",
  attempts: 2,
  entries: [],
  allowanceMs: 30_000,
  contextWindowTokens: 8192,
};

function failed(kind: CallFailure["kind"], fields: Partial<CallFailure> = {}): CallFailure {
  return {
    kind,
    failure: kind === "none-available" ? undefined : sampleFailure(kind),
    retryAfterMs: undefined,
    contentSent: false,
    retriesSpent: false,
    ...fields,
  };
}

function infoOf(error: RpcError) {
  return detailOf(error, ErrorInfoSchema);
}

// The error table of the README and the contract, row by row.
const table: Readonly<Record<FailureKind | "none-available", string>> = {
  "invalid-request": "INVALID_ARGUMENT INVALID_REQUEST",
  "request-too-large": "INVALID_ARGUMENT REQUEST_TOO_LARGE",
  "context-too-long": "INVALID_ARGUMENT CONTEXT_LENGTH_EXCEEDED",
  "content-filtered": "INVALID_ARGUMENT CONTENT_FILTERED",
  "rate-limited": "UNAVAILABLE UPSTREAM_RATE_LIMITED",
  "quota-exhausted": "UNAVAILABLE UPSTREAM_QUOTA_EXHAUSTED",
  unauthorized: "UNAVAILABLE UPSTREAM_AUTH",
  forbidden: "UNAVAILABLE UPSTREAM_AUTH",
  "model-missing": "UNAVAILABLE UPSTREAM_BAD_RESPONSE",
  redirected: "UNAVAILABLE UPSTREAM_BAD_RESPONSE",
  overloaded: "UNAVAILABLE UPSTREAM_OVERLOADED",
  "server-error": "UNAVAILABLE UPSTREAM_SERVER_ERROR",
  conflict: "ABORTED UPSTREAM_CONFLICT",
  unreachable: "UNAVAILABLE UPSTREAM_UNREACHABLE",
  "connection-lost": "UNAVAILABLE UPSTREAM_UNREACHABLE",
  "stale-connection": "UNAVAILABLE UPSTREAM_UNREACHABLE",
  timeout: "UNAVAILABLE UPSTREAM_TIMEOUT",
  "bad-response": "UNAVAILABLE UPSTREAM_BAD_RESPONSE",
  "stream-broken": "UNAVAILABLE UPSTREAM_STREAM_BROKEN",
  cancelled: "CANCELLED CANCELLED",
  "deadline-exceeded": "DEADLINE_EXCEEDED DEADLINE_EXCEEDED",
  draining: "UNAVAILABLE GATEWAY_DRAINING",
  local: "UNAVAILABLE GATEWAY_OVERLOADED",
  "none-available": "UNAVAILABLE NO_DEPLOYMENT_AVAILABLE",
};
const kinds = Object.keys(table) as (keyof typeof table)[];

describe("the status of a call that failed at its upstreams", () => {
  for (const kind of kinds) {
    it(`is ${table[kind]} for ${kind}`, () => {
      const error = callFailureError(failed(kind), call);
      expect(`${error.code} ${infoOf(error)?.reason}`).toBe(table[kind]);
      expect(infoOf(error)).toMatchObject({
        domain: "switchyard.v1",
        metadata: { model: "acme/a", attempts: "2" },
      });
      expect(detailOf(error, RouteDecisionSchema)).toMatchObject({ traceId: call.decision.traceId });
    });
  }

  it("is never the caller's own UNAUTHENTICATED or RESOURCE_EXHAUSTED", () => {
    for (const kind of kinds) {
      const { code } = callFailureError(failed(kind, { retriesSpent: true }), call);
      expect(["UNAUTHENTICATED", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "INTERNAL"]).not.toContain(code);
    }
  });

  it("is ABORTED once content was sent, whatever broke, and says so", () => {
    const own = new Set(["cancelled", "deadline-exceeded"]);
    for (const kind of kinds.filter((kind) => !own.has(kind))) {
      const error = callFailureError(failed(kind, { contentSent: true, retryAfterMs: 500 }), call);
      expect(error.code).toBe("ABORTED");
      expect(infoOf(error)?.metadata["content_sent"]).toBe("true");
      expect(infoOf(error)?.reason).toBe(kind === "draining" ? "GATEWAY_DRAINING" : "UPSTREAM_STREAM_BROKEN");
      expect(detailOf(error, BadRequestSchema)).toBeUndefined();
    }
  });

  it("stays what the caller itself brought about, content or not", () => {
    expect(callFailureError(failed("cancelled", { contentSent: true }), call).code).toBe("CANCELLED");
    expect(callFailureError(failed("deadline-exceeded", { contentSent: true }), call).code).toBe(
      "DEADLINE_EXCEEDED",
    );
  });

  it("says that no content was sent where it is ABORTED without any", () => {
    expect(infoOf(callFailureError(failed("conflict"), call))?.metadata["content_sent"]).toBe("false");
  });
});

describe("what a caller is told to do next", () => {
  it("is to come back when waiting can help, within 144 s", () => {
    fc.assert(
      fc.property(fc.double({ min: -10, max: 1e7, noNaN: true }), fc.constantFrom(...kinds), (ms, kind) => {
        const error = callFailureError(failed(kind, { retryAfterMs: ms }), call);
        const told = toMs(detailOf(error, RetryInfoSchema)?.retryDelay)!;
        expect(told).toBeGreaterThanOrEqual(0);
        expect(told).toBeLessThanOrEqual(144_000);
        expect(error.trailers["grpc-retry-pushback-ms"]).toBe(`${Math.round(told)}`);
      }),
    );
  });

  it("is nothing where waiting cannot help", () => {
    const error = callFailureError(failed("unauthorized"), call);
    expect(detailOf(error, RetryInfoSchema)).toBeUndefined();
    expect(error.trailers).toEqual({});
  });

  it("is not to multiply retries that are spent", () => {
    const error = callFailureError(failed("timeout", { retriesSpent: true, retryAfterMs: 2_000 }), call);
    expect(error.trailers).toEqual({ "grpc-retry-pushback-ms": "-1" });
    expect(toMs(detailOf(error, RetryInfoSchema)?.retryDelay)).toBe(2_000);
  });

  it("names the field for what is the caller's to change", () => {
    for (const kind of ["invalid-request", "request-too-large", "context-too-long"] as const) {
      const error = callFailureError(failed(kind), call);
      expect(detailOf(error, BadRequestSchema)?.fieldViolations).toEqual([
        expect.objectContaining({ field: "input", description: `scripted: ${kind}` }),
      ]);
    }
    expect(infoOf(callFailureError(failed("context-too-long"), call))?.metadata).toMatchObject({
      context_window_tokens: "8192",
    });
  });

  it("names the deadline that was spent", () => {
    const error = callFailureError(failed("deadline-exceeded"), call);
    expect(error.message).toContain("30000 ms");
    expect(infoOf(error)?.metadata["deadline_ms"]).toBe("30000");
  });
});

describe("the sentence of a failed call", () => {
  it("is the one attempt's own", () => {
    expect(callFailureError(failed("timeout"), { ...call, attempts: 1 }).message).toBe("scripted: timeout");
  });

  it("counts the attempts where there were several", () => {
    expect(callFailureError(failed("timeout"), call).message).toBe(
      "nothing left to try after 2 attempts; the last: scripted: timeout",
    );
  });

  it("tells why nobody could be called, each deployment once", () => {
    const entries = [
      skipEntry(),
      skipEntry({ deployment: "acme/b@one" }),
      skipEntry({ deployment: "acme/c@one", skip: "at-capacity" }),
      skipEntry(),
    ];
    expect(callFailureError(failed("none-available"), { ...call, attempts: 0, entries }).message).toBe(
      "no deployment can take the call now: breaker open (2), at capacity (1)",
    );
  });

  it("tells that nothing is configured where nothing was even passed over", () => {
    expect(callFailureError(failed("none-available"), { ...call, attempts: 0 }).message).toContain(
      "none is configured with a usable key",
    );
  });

  it("tells that the answer is not whole where content was sent", () => {
    const error = callFailureError(failed("stream-broken", { contentSent: true }), call);
    expect(error.message).toMatch(/^the answer broke off after content was sent: /);
  });

  it("has at most 200 characters", () => {
    const failure = sampleFailure("timeout", { message: "x".repeat(500) });
    expect(callFailureError(failed("timeout", { failure }), call).message).toHaveLength(200);
  });
});

it("agrees with the rules of routing: what waiting helps is never the caller's own fault", () => {
  const retryable = (Object.keys(failureRules) as FailureKind[]).filter(
    (kind) => failureRules[kind].retryable,
  );
  const codes = new Set(retryable.map((kind) => callFailureError(failed(kind), call).code));
  expect([...codes].toSorted()).toEqual(["ABORTED", "UNAVAILABLE"]);
});
