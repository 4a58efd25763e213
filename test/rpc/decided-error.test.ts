import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RouteDecisionSchema } from "../../gen/switchyard/v1/routing_pb.ts";
import type { TrailEntry } from "../../src/attempt/trail.ts";
import { toAttempt } from "../../src/rpc/attempt-message.ts";
import { callFailureError } from "../../src/rpc/call-failure-error.ts";
import { decidedError, longestStatusBytes } from "../../src/rpc/decided-error.ts";
import { errorInfo } from "../../src/rpc/error-info.ts";
import { planRejectionError } from "../../src/rpc/plan-rejection-error.ts";
import type { RpcError } from "../../src/rpc/rpc-error.ts";
import { statusDetails } from "../../src/rpc/status-details.ts";
import { attemptEntry, routeDecisionOf, skipEntry } from "../support/call-samples.ts";
import { detailOf } from "../support/rpc-error-details.ts";
import { candidatesFrom, sampleFacts, sampleFailure, sampleModel } from "../support/routing-samples.ts";

const parts = { code: "UNAVAILABLE", message: "broke", details: [errorInfo("UPSTREAM_TIMEOUT")] } as const;

// Names as long as the contract lets them be.
const name = fc.integer({ min: 1, max: 128 }).map((length) => `p/${"m".repeat(length - 1)}`);
const words = fc.integer({ min: 0, max: 400 }).map((length) => "a".repeat(length));
// Three bytes each: none of ours, but nothing may break a status.
const wideWords = words.map((text) => text.replaceAll("a", "말"));
const entryWith = (words: fc.Arbitrary<string>): fc.Arbitrary<TrailEntry> =>
  fc.oneof(
    fc.record({ deployment: name, message: words, keyId: name, requestId: words }).map((fields) =>
      attemptEntry({
        ...fields,
        outcome: "failed",
        failure: sampleFailure("timeout", {
          message: fields.message,
          upstreamRequestId: fields.requestId,
          retryAfterMs: 1500,
        }),
      }),
    ),
    name.map((deployment) => skipEntry({ deployment })),
  );

function bytesOf(error: RpcError): number {
  return statusDetails(error).length;
}

function failedWith(entries: readonly TrailEntry[], message: string, model: string): RpcError {
  const failure = sampleFailure("context-too-long", { message });
  return callFailureError(
    { kind: "context-too-long", failure, retryAfterMs: 900, contentSent: false, retriesSpent: true },
    {
      decision: routeDecisionOf({ attempts: entries.map(toAttempt), model, deployment: `${model}@one` }),
      model,
      attempts: entries.length,
      entries,
      allowanceMs: 1,
      contextWindowTokens: 1,
    },
  );
}

describe("an error of a decided call", () => {
  it("keeps all attempts where there is room", () => {
    const attempts = [1, 2, 3].map((number) => toAttempt(attemptEntry({ number })));
    const error = decidedError(parts, routeDecisionOf({ attempts }));
    expect(detailOf(error, RouteDecisionSchema)?.attempts.map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  it("keeps the first and the last where there is not, and of the others what fits", () => {
    const attempts = Array.from({ length: 100 }, (_, index) =>
      toAttempt(attemptEntry({ number: index + 1 })),
    );
    const error = decidedError(parts, routeDecisionOf({ attempts }));
    const numbers = detailOf(error, RouteDecisionSchema)?.attempts.map(({ number }) => number) ?? [];
    expect(numbers.length).toBeGreaterThan(10);
    expect(numbers.length).toBeLessThan(100);
    expect(numbers.at(-1)).toBe(100);
    expect(numbers.slice(0, -1)).toEqual(numbers.slice(0, -1).map((_, index) => index + 1));
  });

  it("takes 4 KiB at most as it travels, with the first and the last attempt", () => {
    fc.assert(
      fc.property(fc.array(entryWith(words), { maxLength: 60 }), words, name, (entries, message, model) => {
        const error = failedWith(entries, message, model);
        expect(Buffer.from(statusDetails(error)).toString("base64").length).toBeLessThanOrEqual(4096);
        const kept = detailOf(error, RouteDecisionSchema)?.attempts ?? [];
        expect(kept[0]?.deployment).toBe(entries[0]?.deployment);
        expect(kept.at(-1)?.deployment).toBe(entries.at(-1)?.deployment);
      }),
      { numRuns: 200 },
    );
  });

  it("takes no more whatever the characters", () => {
    const entries = fc.array(entryWith(wideWords), { maxLength: 60 });
    fc.assert(
      fc.property(entries, wideWords, name, (entries, message, model) => {
        expect(bytesOf(failedWith(entries, message, model))).toBeLessThanOrEqual(longestStatusBytes);
      }),
    );
  });

  it("takes 4 KiB at most for every call that has no plan", () => {
    const excluded = fc
      .array(name, { minLength: 1, maxLength: 40 })
      .map((ids) =>
        ids
          .flatMap((id) => candidatesFrom(sampleModel(id)))
          .map((candidate) => ({ ...candidate, skip: "over-budget" as const })),
      );
    const names = fc.array(name, { maxLength: 100 });
    fc.assert(
      fc.property(name, names, names, names, excluded, (wanted, suggestions, models, providers, out) => {
        const facts = sampleFacts({ maxCostNanos: 1n, target: { kind: "model", model: wanted } });
        const provider = { provider: wanted, models, providers };
        const decision = routeDecisionOf({ model: wanted });
        const rejections = [
          { kind: "unknown-model", name: wanted, suggestions: suggestions.slice(0, 3), provider },
          { kind: "unknown-deployment", name: wanted, suggestions: suggestions.slice(0, 3) },
          { kind: "all-excluded", skip: "over-budget", excluded: out },
        ] as const;
        for (const rejection of rejections) {
          const error = planRejectionError(rejection, facts, decision);
          expect(bytesOf(error)).toBeLessThanOrEqual(longestStatusBytes);
          expect(error.message.length).toBeLessThanOrEqual(200);
        }
      }),
      { numRuns: 100 },
    );
  });
});
