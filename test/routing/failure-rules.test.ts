import { describe, expect, it } from "vitest";
import { failureRules, modelMissingTripMs } from "../../src/routing/failure-rules.ts";
import type { FailureKind } from "../../src/routing/failure.ts";

// The two tables of the design, joined: what the loop does next, what a caller's other candidates are, and who
// learns what. Written out row by row so that a change of one shows here.
type Row = readonly [
  next: "give-up" | "next" | "skip" | "larger" | "same-now",
  key: "rotates" | "keeps key",
  fallback: "rateLimited" | "unavailable" | "contextTooLong" | "no fallback",
  breaker: "success" | "failure" | "ignore" | "trip",
  upstreamBreaker: "success" | "failure" | "ignore",
  limiter: "ok" | "overloaded" | "other",
  retryable: "come back" | "do not come back",
];

const table: Readonly<Record<FailureKind, Row>> = {
  // The caller's own: the deployment is alive, and nobody else would take it either.
  "invalid-request": ["give-up", "keeps key", "no fallback", "success", "success", "ok", "do not come back"],
  "request-too-large": [
    "give-up",
    "keeps key",
    "no fallback",
    "success",
    "success",
    "ok",
    "do not come back",
  ],
  "content-filtered": ["give-up", "keeps key", "no fallback", "success", "success", "ok", "do not come back"],
  "context-too-long": [
    "larger",
    "keeps key",
    "contextTooLong",
    "success",
    "success",
    "ok",
    "do not come back",
  ],
  // A key's: the next key, then the next candidate; the deployment learns nothing.
  "rate-limited": ["next", "rotates", "rateLimited", "ignore", "success", "other", "come back"],
  "quota-exhausted": ["next", "rotates", "rateLimited", "ignore", "success", "other", "come back"],
  unauthorized: ["skip", "rotates", "unavailable", "ignore", "success", "other", "do not come back"],
  forbidden: ["skip", "rotates", "unavailable", "ignore", "success", "other", "do not come back"],
  // The deployment's, for longer than a call.
  "model-missing": ["skip", "keeps key", "unavailable", "trip", "success", "other", "do not come back"],
  redirected: ["skip", "keeps key", "unavailable", "failure", "success", "other", "do not come back"],
  // The deployment's, for now: it answered, so its upstream can be reached.
  overloaded: ["next", "keeps key", "unavailable", "failure", "success", "overloaded", "come back"],
  "server-error": ["next", "keeps key", "unavailable", "failure", "success", "other", "come back"],
  conflict: ["next", "keeps key", "unavailable", "failure", "success", "other", "come back"],
  "bad-response": ["next", "keeps key", "unavailable", "failure", "success", "other", "come back"],
  timeout: ["next", "keeps key", "unavailable", "failure", "ignore", "overloaded", "come back"],
  // The network's: only what fails to connect is the upstream's.
  unreachable: ["next", "keeps key", "unavailable", "failure", "failure", "other", "come back"],
  "connection-lost": ["next", "keeps key", "unavailable", "failure", "ignore", "other", "come back"],
  "stale-connection": ["same-now", "keeps key", "unavailable", "ignore", "ignore", "other", "come back"],
  "stream-broken": ["give-up", "keeps key", "unavailable", "failure", "ignore", "other", "come back"],
  // Nobody's upstream is to blame.
  cancelled: ["give-up", "keeps key", "no fallback", "ignore", "ignore", "other", "do not come back"],
  "deadline-exceeded": [
    "give-up",
    "keeps key",
    "no fallback",
    "ignore",
    "ignore",
    "other",
    "do not come back",
  ],
  draining: ["give-up", "keeps key", "no fallback", "ignore", "ignore", "other", "come back"],
  local: ["give-up", "keeps key", "no fallback", "ignore", "ignore", "other", "come back"],
};

describe("what follows from a failure", () => {
  it.each(Object.keys(table) as FailureKind[])("is as the design says: %s", (kind) => {
    const rule = failureRules[kind];
    const row: Row = [
      rule.next,
      rule.rotates ? "rotates" : "keeps key",
      rule.fallback ?? "no fallback",
      rule.breaker,
      rule.upstreamBreaker,
      rule.limiter,
      rule.retryable ? "come back" : "do not come back",
    ];
    expect(row).toEqual(table[kind]);
  });

  it("is five minutes of rest where an upstream does not know its model", () => {
    expect(modelMissingTripMs).toBe(300_000);
  });
});

describe("laws of the table", () => {
  const rules = Object.entries(failureRules);

  it("a caller's fault, and it alone, is a success of the deployment: it answered", () => {
    const successes = rules.flatMap(([kind, rule]) => (rule.breaker === "success" ? [kind] : []));
    expect(successes.toSorted()).toEqual([
      "content-filtered",
      "context-too-long",
      "invalid-request",
      "request-too-large",
    ]);
    for (const [, rule] of rules) expect(rule.limiter === "ok").toBe(rule.breaker === "success");
  });

  it("what moves on has a fallback list, and what gives up for the caller's sake has none", () => {
    for (const [, rule] of rules) {
      const ends = rule.next === "give-up" && rule.breaker !== "failure";
      expect(rule.fallback === undefined).toBe(ends);
    }
  });

  it("only failures to connect count against an upstream as a whole", () => {
    const counting = rules.flatMap(([kind, rule]) => (rule.upstreamBreaker === "failure" ? [kind] : []));
    expect(counting).toEqual(["unreachable"]);
  });

  it("a failure of a key is never one of its deployment", () => {
    const learned = rules.flatMap(([, rule]) => (rule.rotates ? [rule.breaker] : []));
    expect(new Set(learned)).toEqual(new Set(["ignore"]));
  });
});
