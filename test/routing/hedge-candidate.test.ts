import { describe, expect, it } from "vitest";
import { hedgeCandidate } from "../../src/routing/hedge-candidate.ts";
import type { Candidate } from "../../src/routing/catalog.ts";
import { afterFailure, afterSkip, afterStart, startRun } from "../../src/routing/run-state.ts";
import { candidatesFrom, sampleFailure, sampleModel, samplePlan } from "../support/routing-samples.ts";

const [a, b, c] = candidatesFrom(...["a", "b", "c"].map((name) => sampleModel(`acme/${name}`))) as [
  Candidate,
  Candidate,
  Candidate,
];
const plan = samplePlan([a, b], { fallbacks: { unavailable: [c] } });
const running = afterStart(startRun(plan), a);
const everybody = (): boolean => true;

describe("who is asked while another attempt is silent", () => {
  it("is the next candidate that this call has not called", () => {
    expect(hedgeCandidate(running, 5, everybody)).toBe(b);
  });

  it("is nobody where no attempt is left for it", () => {
    expect(hedgeCandidate(running, 1, everybody)).toBeUndefined();
  });

  it("is nobody who cannot surely be called", () => {
    expect(hedgeCandidate(running, 5, (id) => id !== b.deployment.id)).toBeUndefined();
  });

  it("is nobody of a list that is not open yet", () => {
    expect(hedgeCandidate(afterStart(running, b), 5, everybody)).toBeUndefined();
    const opened = afterStart(afterSkip(startRun(plan), b, "breaker-open"), a);
    expect(hedgeCandidate(opened, 5, (id) => id !== b.deployment.id)).toBe(c);
  });

  it("is nobody who is out for the call", () => {
    const larger = samplePlan([
      ...candidatesFrom(sampleModel("acme/w", ["one", "two"], { contextWindowTokens: 10 })),
      c,
    ]);
    const [first] = larger.candidates as [Candidate];
    const failure = sampleFailure("context-too-long");
    const state = afterFailure(larger, afterStart(startRun(larger), first), first, failure);
    expect(hedgeCandidate(state, 5, everybody)).toBe(c);
  });
});
