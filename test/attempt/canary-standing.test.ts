import { describe, expect, it } from "vitest";
import { startingStanding, storeNews, weightOf } from "../../src/attempt/canary-standing.ts";
import type { CanaryStanding, LoadedCanary, SavedCanary } from "../../src/attempt/canary-store.ts";

const configured = { stable: "old", canary: "new", weightBasisPoints: 500 };
const rolledBack: CanaryStanding = { kind: "rolled-back", rule: "errors", why: "it fails", at: 7 };
const promoted: CanaryStanding = { kind: "trying", weightBasisPoints: 2500 };
const asConfigured: CanaryStanding = { kind: "trying", weightBasisPoints: 500 };

function savedAs(standing: CanaryStanding, fields: Partial<SavedCanary> = {}): LoadedCanary {
  const saved = {
    stable: "old",
    canary: "new",
    configuredBasisPoints: 500,
    changedAt: 100,
    standing,
    ...fields,
  };
  return { kind: "saved", saved };
}

describe("startingStanding()", () => {
  const cases: readonly (readonly [string, LoadedCanary, CanaryStanding])[] = [
    ["is the config's the first time", { kind: "nothing" }, asConfigured],
    ["is still rolled back after a restart", savedAs(rolledBack), rolledBack],
    [
      "is still rolled back with another share in the config",
      savedAs(rolledBack, { configuredBasisPoints: 100 }),
      rolledBack,
    ],
    ["keeps the share that it was promoted to, or set to", savedAs(promoted), promoted],
    [
      "obeys a config that says something new",
      savedAs(promoted, { configuredBasisPoints: 100 }),
      asConfigured,
    ],
    ["is a new one between other upstreams", savedAs(rolledBack, { canary: "newer" }), asConfigured],
    ["is a new one beside another stable", savedAs(rolledBack, { stable: "older" }), asConfigured],
  ];
  for (const [name, loaded, standing] of cases) {
    it(name, () => {
      expect(startingStanding(loaded, configured, 42)).toEqual(standing);
    });
  }

  it("takes a canary of which nothing can be read for rolled back", () => {
    expect(startingStanding({ kind: "unreadable" }, configured, 42)).toMatchObject({
      kind: "rolled-back",
      rule: "state-lost",
      at: 42,
    });
  });
});

describe("storeNews()", () => {
  const news = (loaded: LoadedCanary, changedAt: number) => storeNews(loaded, configured, changedAt).kind;

  it("is what another process decided later", () => {
    expect(storeNews(savedAs(rolledBack), configured, 99)).toMatchObject({
      kind: "adopt",
      saved: { standing: rolledBack },
    });
    expect(news(savedAs(rolledBack), 100)).toBe("none");
  });

  it("is that the store does not know what this process knows", () => {
    expect(news(savedAs(promoted), 101)).toBe("tell");
    expect(news({ kind: "nothing" }, 101)).toBe("tell");
  });

  it("is nothing where this process has nothing to tell, or cannot read", () => {
    expect(news({ kind: "nothing" }, 0)).toBe("none");
    expect(news({ kind: "unreadable" }, 101)).toBe("none");
  });

  it("is nothing where another pair of upstreams stands there: replicas whose configs differ leave each other alone", () => {
    for (const changedAt of [0, 99, 101]) {
      expect(news(savedAs(rolledBack, { canary: "newer" }), changedAt)).toBe("none");
    }
  });
});

describe("weightOf()", () => {
  it("is nothing once the canary is rolled back", () => {
    expect([weightOf(promoted), weightOf(rolledBack)]).toEqual([2500, 0]);
  });
});
