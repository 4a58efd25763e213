import { describe, expect, it } from "vitest";
import { fallbackOfSkip, type SkipReason } from "../../src/routing/skip-reason.ts";

const opened: Readonly<Record<SkipReason, string | undefined>> = {
  "breaker-open": "unavailable",
  "at-capacity": "unavailable",
  "keys-quarantined": "unavailable",
  "keys-exhausted": "rateLimited",
  "context-too-long": "contextTooLong",
  draining: undefined,
  capability: undefined,
  "over-budget": undefined,
  deadline: undefined,
};

describe("the fallback list that a skip opens", () => {
  it.each(Object.entries(opened))("after %s is %s: a skipped candidate counts as its class", (skip, list) => {
    expect(fallbackOfSkip(skip as SkipReason)).toBe(list);
  });
});
