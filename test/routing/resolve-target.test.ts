import { describe, expect, it } from "vitest";
import type { CallFacts } from "../../src/routing/call-facts.ts";
import { resolveTarget } from "../../src/routing/resolve-target.ts";
import { sampleCatalog, sampleFacts, sampleModel } from "../support/routing-samples.ts";

const catalog = sampleCatalog(
  [
    sampleModel("acme/a", ["one", "two"]),
    sampleModel("acme/a-mini", ["one"]),
    sampleModel("other/nowhere", []),
  ],
  { tiers: { simple: ["other/nowhere", "acme/a"], standard: ["other/nowhere"] } },
);

const resolve = (facts: Partial<CallFacts>) => resolveTarget(catalog, sampleFacts(facts));

/** The ids of a target's candidates; what was wrong with it otherwise. */
function idsOf(facts: Partial<CallFacts>): readonly string[] | string {
  const result = resolve(facts);
  if (result.kind === "rejected") return result.rejection.kind;
  return result.target.candidates.map(({ deployment }) => deployment.id);
}

describe("the candidates of a target", () => {
  it("are a model's deployments in its order", () => {
    expect(idsOf({ target: { kind: "model", model: "acme/a" } })).toEqual(["acme/a@one", "acme/a@two"]);
  });

  it("are none for a model that no upstream with a key serves: that is no unknown name", () => {
    expect(idsOf({ target: { kind: "model", model: "other/nowhere" } })).toEqual([]);
  });

  it("are those of every model of a tier, in the order of both", () => {
    expect(idsOf({ target: { kind: "tier", tier: "simple" } })).toEqual(["acme/a@one", "acme/a@two"]);
    expect(idsOf({ target: { kind: "tier", tier: "standard" } })).toEqual([]);
  });

  it("are a pinned deployment, and its model's others behind it in the same-model mode only", () => {
    const target = { kind: "deployment", deployment: "acme/a@two" } as const;
    expect(idsOf({ target })).toEqual(["acme/a@two"]);
    expect(idsOf({ target, fallback: { kind: "none" } })).toEqual(["acme/a@two"]);
    expect(idsOf({ target, fallback: { kind: "same-model" } })).toEqual(["acme/a@two", "acme/a@one"]);
  });

  it("come with what the caller named", () => {
    const targets = [
      { kind: "tier", tier: "simple" },
      { kind: "model", model: "acme/a" },
      { kind: "deployment", deployment: "acme/a@one" },
    ] as const;
    const told = targets.map((target) => {
      const result = resolve({ target });
      return result.kind === "resolved" ? [result.target.tier, result.target.pinned] : undefined;
    });
    expect(told).toEqual([
      ["simple", false],
      [undefined, false],
      [undefined, true],
    ]);
  });

  it("carry the model of each deployment", () => {
    const model = catalog.models.get("acme/a")!;
    expect(resolve({ target: { kind: "model", model: "acme/a" } })).toMatchObject({
      target: { candidates: model.deployments.map((deployment) => ({ deployment, model })) },
    });
  });
});

describe("a target that means nothing here", () => {
  it("is an empty tier", () => {
    expect(resolve({ target: { kind: "tier", tier: "advanced" } })).toEqual({
      kind: "rejected",
      rejection: { kind: "empty-tier", tier: "advanced" },
    });
  });

  it("is an unknown model, with what is like it and what its provider has", () => {
    expect(resolve({ target: { kind: "model", model: "acme/b" } })).toEqual({
      kind: "rejected",
      rejection: {
        kind: "unknown-model",
        name: "acme/b",
        suggestions: ["acme/a"],
        provider: { provider: "acme", models: ["acme/a", "acme/a-mini"], providers: ["acme", "other"] },
      },
    });
  });

  it("is a model of no provider that is configured, with those that are", () => {
    expect(resolve({ target: { kind: "model", model: "gone" } })).toMatchObject({
      rejection: { provider: { provider: "gone", models: [], providers: ["acme", "other"] } },
    });
  });

  it("is an unknown deployment, with those that are like it", () => {
    expect(resolve({ target: { kind: "deployment", deployment: "acme/a@tow" } })).toEqual({
      kind: "rejected",
      rejection: {
        kind: "unknown-deployment",
        name: "acme/a@tow",
        suggestions: ["acme/a@two", "acme/a@one"],
      },
    });
  });

  it("is a deployment whose model is not in the catalog", () => {
    const torn = { ...catalog, models: new Map() };
    const facts = sampleFacts({ target: { kind: "deployment", deployment: "acme/a@one" } });
    expect(resolveTarget(torn, facts)).toMatchObject({ rejection: { kind: "unknown-deployment" } });
  });
});
