import { describe, expect, it } from "vitest";
import type { CallFacts, FallbackMode } from "../../src/routing/call-facts.ts";
import type { CanarySplit, Candidate, Catalog, FallbackClass } from "../../src/routing/catalog.ts";
import type { Plan, PlanRejection } from "../../src/routing/plan.ts";
import { planRoute } from "../../src/routing/plan-route.ts";
import { sampleCatalog, sampleFacts, sampleModel } from "../support/routing-samples.ts";

/** Every call that may be is assigned to `new`, or none is. */
const all: CanarySplit = { stable: "old", canary: "new", weightBasisPoints: 10_000 };
const none: CanarySplit = { ...all, weightBasisPoints: 0 };

const price = {
  inputNanosPerMTok: 1_000_000_000n,
  cachedInputNanosPerMTok: undefined,
  outputNanosPerMTok: 0n,
};

/** `both` models stand at both sides of the split. */
function catalogOf(
  canary: CanarySplit | undefined,
  fallback: Partial<Record<FallbackClass, string[]>> = {},
): Catalog {
  return sampleCatalog(
    [
      sampleModel("acme/both", ["old", "new"]),
      sampleModel("acme/both-2", ["new", "old"]),
      sampleModel("acme/old", ["old"]),
      sampleModel("acme/new", ["new"]),
      sampleModel("acme/blind", ["old", "new"], { capabilities: new Set(["tools"]) }),
      sampleModel("acme/small", ["old"], { contextWindowTokens: 10, capabilities: new Set(["tools"]) }),
      sampleModel("acme/large", ["old"], { contextWindowTokens: 1_000_000 }),
      sampleModel("acme/priced", ["old"], { price }),
      sampleModel("acme/nowhere", []),
    ],
    {
      tiers: {
        simple: ["acme/both", "acme/both-2", "acme/old"],
        standard: ["acme/blind", "acme/both", "acme/old"],
        advanced: [],
      },
      fallback,
      canary,
    },
  );
}

const idsOf = (candidates: readonly Candidate[]): readonly string[] =>
  candidates.map(({ deployment }) => deployment.id.replace("acme/", ""));

function planOf(catalog: Catalog, facts: Partial<CallFacts>): Plan {
  const result = planRoute(catalog, sampleFacts(facts));
  if (result.kind === "rejected") throw new Error(`rejected: ${result.rejection.kind}`);
  return result.plan;
}

function rejectionOf(catalog: Catalog, facts: Partial<CallFacts>): PlanRejection | undefined {
  const result = planRoute(catalog, sampleFacts(facts));
  return result.kind === "rejected" ? result.rejection : undefined;
}

const model = (name: string) => ({ target: { kind: "model", model: `acme/${name}` } }) as const;
const deployment = (name: string) =>
  ({ target: { kind: "deployment", deployment: `acme/${name}` } }) as const;
const tier = (name: "simple" | "standard" | "advanced") =>
  ({ target: { kind: "tier", tier: name } }) as const;
const mode = (kind: "none" | "same-model") => ({ fallback: { kind } }) as const;
const chain = (...names: readonly string[]): { readonly fallback: FallbackMode } => ({
  fallback: { kind: "chain", models: names.map((name) => `acme/${name}`) },
});
const sees = { requiredCapabilities: new Set(["vision"] as const) };

const bucket = (facts: Partial<CallFacts>): number | undefined =>
  planOf(catalogOf(all), { ...model("both"), ...facts }).canaryBucket;

describe("the candidates of a plan", () => {
  const cases: readonly {
    readonly name: string;
    readonly facts: Partial<CallFacts>;
    readonly canary?: CanarySplit;
    readonly expected: readonly string[];
  }[] = [
    {
      name: "are a named model's deployments in its order of preference",
      facts: model("both-2"),
      expected: ["both-2@new", "both-2@old"],
    },
    {
      name: "are a tier's models in order, each with its deployments",
      facts: tier("simple"),
      expected: ["both@old", "both@new", "both-2@new", "both-2@old", "old@old"],
    },
    { name: "are a pinned deployment alone", facts: deployment("both@new"), expected: ["both@new"] },
    {
      name: "are a pinned deployment and its model's others where the caller allows the same model",
      facts: { ...deployment("both@new"), ...mode("same-model") },
      expected: ["both@new", "both@old"],
    },
    {
      name: "are a pinned deployment and the caller's chain",
      facts: { ...deployment("both@new"), ...chain("old", "both") },
      expected: ["both@new", "old@old", "both@old"],
    },
    {
      name: "are the first alone where the caller allows no fallback",
      facts: { ...tier("simple"), ...mode("none") },
      expected: ["both@old"],
    },
    {
      name: "are the first that can serve the call where the caller allows no fallback",
      facts: { ...tier("standard"), ...mode("none"), ...sees },
      expected: ["both@old"],
    },
    {
      name: "are one model's where a tier may fall back within the same model only",
      facts: { ...tier("simple"), ...mode("same-model") },
      expected: ["both@old", "both@new"],
    },
    {
      name: "are those of the first model that can serve the call, within the same model",
      facts: { ...tier("standard"), ...mode("same-model"), ...sees },
      expected: ["both@old", "both@new"],
    },
    {
      name: "are the target's own and then the chain's, each deployment once",
      facts: { ...model("both"), ...chain("old", "both", "both-2") },
      expected: ["both@old", "both@new", "old@old", "both-2@new", "both-2@old"],
    },
    {
      name: "are none for a model without a deployment, which is no mistake of the caller's",
      facts: model("nowhere"),
      expected: [],
    },
    {
      name: "are the chain's for a model without a deployment",
      facts: { ...model("nowhere"), ...chain("old") },
      expected: ["old@old"],
    },
    {
      name: "never lead from stable into the canary",
      facts: tier("simple"),
      canary: none,
      expected: ["both@old", "both-2@old", "old@old"],
    },
    {
      name: "lead from the canary to stable of the same model first, and never to another canary",
      facts: tier("simple"),
      canary: all,
      expected: ["both@new", "both@old", "both-2@old", "old@old"],
    },
    {
      name: "of a chain never lead to another canary",
      facts: { ...model("both"), ...chain("both-2") },
      canary: all,
      expected: ["both@new", "both@old", "both-2@old"],
    },
    {
      name: "of a chain are stable's where the target takes no part in the split",
      facts: { ...model("old"), ...chain("both") },
      canary: all,
      expected: ["old@old", "both@old"],
    },
    {
      name: "keep a model at the canary's upstream that stands nowhere else",
      facts: model("new"),
      canary: none,
      expected: ["new@new"],
    },
    {
      name: "are a pinned deployment even at the canary's upstream",
      facts: deployment("both@new"),
      canary: none,
      expected: ["both@new"],
    },
    {
      name: "do not lead from a pinned deployment into the canary",
      facts: { ...deployment("both@old"), ...mode("same-model") },
      canary: all,
      expected: ["both@old"],
    },
    {
      name: "lead from a pinned canary to stable of the same model where the caller allows it",
      facts: { ...deployment("both@new"), ...mode("same-model"), canary: "require" },
      canary: none,
      expected: ["both@new", "both@old"],
    },
  ];
  for (const { name, facts, canary, expected } of cases) {
    it(name, () => expect(idsOf(planOf(catalogOf(canary), facts).candidates)).toEqual(expected));
  }
});

describe("what the hard filters rule out of a plan", () => {
  it("is set apart with its reason, in order, and never a candidate", () => {
    const plan = planOf(catalogOf(undefined), { ...tier("standard"), ...sees });
    expect(idsOf(plan.candidates)).toEqual(["both@old", "both@new", "old@old"]);
    expect(idsOf(plan.excluded)).toEqual(["blind@old", "blind@new"]);
    expect(plan.excluded.map(({ skip }) => skip)).toEqual(["capability", "capability"]);
  });

  it("does not name canary deployments to calls that would not have gone there", () => {
    expect(idsOf(planOf(catalogOf(none), { ...tier("standard"), ...sees }).excluded)).toEqual(["blind@old"]);
  });

  it("stays out of the caller's chain too", () => {
    const plan = planOf(catalogOf(undefined), { ...model("both"), ...chain("blind", "old"), ...sees });
    expect(idsOf(plan.candidates)).toEqual(["both@old", "both@new", "old@old"]);
    expect(idsOf(plan.excluded)).toEqual(["blind@old", "blind@new"]);
  });

  it("is named once, however often a chain names it", () => {
    const plan = planOf(catalogOf(undefined), { ...model("blind"), ...chain("blind", "old"), ...sees });
    expect(idsOf(plan.excluded)).toEqual(["blind@old", "blind@new"]);
  });

  it("stays out of the configured fallbacks too", () => {
    const catalog = catalogOf(undefined, { unavailable: ["acme/blind", "acme/old"] });
    expect(idsOf(planOf(catalog, { ...model("both"), ...sees }).fallbacks.unavailable)).toEqual(["old@old"]);
  });

  it("is a plan's end where nothing is left, told by the first candidate's reason", () => {
    expect(rejectionOf(catalogOf(undefined), { ...model("blind"), ...sees })).toMatchObject({
      kind: "all-excluded",
      skip: "capability",
      excluded: [{ deployment: { id: "acme/blind@old" } }, { deployment: { id: "acme/blind@new" } }],
    });
    expect(rejectionOf(catalogOf(undefined), { ...model("priced"), maxCostNanos: 1n })).toMatchObject({
      skip: "over-budget",
    });
    expect(rejectionOf(catalogOf(undefined), model("small"))).toMatchObject({ skip: "context-too-long" });
  });

  it("is a plan's end for a tier whose only candidates are ruled out, its empty models aside", () => {
    const catalog = sampleCatalog(
      [sampleModel("acme/nowhere", []), sampleModel("acme/blind", ["old"], { capabilities: new Set() })],
      { tiers: { simple: ["acme/nowhere", "acme/blind"] } },
    );
    expect(rejectionOf(catalog, { ...tier("simple"), ...sees })).toMatchObject({ kind: "all-excluded" });
    expect(idsOf(planOf(catalog, tier("simple")).candidates)).toEqual(["blind@old"]);
  });

  it("is a pinned deployment's end, whatever else its model has", () => {
    expect(rejectionOf(catalogOf(undefined), { ...deployment("blind@new"), ...sees })).toMatchObject({
      kind: "all-excluded",
      excluded: [{ deployment: { id: "acme/blind@new" } }],
    });
  });
});

describe("the configured fallbacks of a plan", () => {
  const configured = { unavailable: ["acme/old"], rateLimited: ["acme/new"], contextTooLong: ["acme/large"] };

  it("are a named model's, each list by its class", () => {
    const { fallbacks } = planOf(catalogOf(undefined, configured), model("both"));
    expect(idsOf(fallbacks.unavailable)).toEqual(["old@old"]);
    expect(idsOf(fallbacks.rateLimited)).toEqual(["new@new"]);
    expect(idsOf(fallbacks.contextTooLong)).toEqual(["large@old"]);
  });

  const without: readonly (readonly [string, Partial<CallFacts>])[] = [
    ["a tier, which has its own list", tier("simple")],
    ["a pinned deployment", deployment("both@old")],
    ["a caller that allows no fallback", { ...model("both"), ...mode("none") }],
    ["a caller that allows the same model only", { ...model("both"), ...mode("same-model") }],
    ["a caller that brings its own chain", { ...model("both"), ...chain("large") }],
  ];
  for (const [who, facts] of without) {
    it(`are not for ${who}`, () => {
      const { fallbacks } = planOf(catalogOf(undefined, configured), facts);
      expect(fallbacks).toEqual({ unavailable: [], rateLimited: [], contextTooLong: [] });
    });
  }

  it("are stable's deployments on either arm", () => {
    for (const canary of [all, none]) {
      const catalog = catalogOf(canary, { unavailable: ["acme/both-2"] });
      expect(idsOf(planOf(catalog, model("both")).fallbacks.unavailable)).toEqual(["both-2@old"]);
    }
  });

  it("keep a plan for a prompt that is too long for the model but not for them", () => {
    const plan = planOf(catalogOf(undefined, configured), model("small"));
    expect(idsOf(plan.candidates)).toEqual([]);
    expect(idsOf(plan.excluded)).toEqual(["small@old"]);
  });

  it("keep no plan for what they cannot serve either", () => {
    const catalog = catalogOf(undefined, { contextTooLong: ["acme/small"], unavailable: ["acme/old"] });
    expect(rejectionOf(catalog, model("small"))).toMatchObject({ skip: "context-too-long" });
    expect(rejectionOf(catalog, { ...model("blind"), ...sees })).toMatchObject({ skip: "capability" });
  });
});

describe("the arm of a plan", () => {
  const cases: readonly {
    readonly name: string;
    readonly facts: Partial<CallFacts>;
    readonly canary: CanarySplit | undefined;
    readonly arm: string;
    readonly counted: boolean;
  }[] = [
    {
      name: "is the canary's by its weight",
      facts: model("both"),
      canary: all,
      arm: "canary",
      counted: true,
    },
    { name: "is stable's by its weight", facts: model("both"), canary: none, arm: "stable", counted: true },
    {
      name: "is stable without a split",
      facts: model("both"),
      canary: undefined,
      arm: "stable",
      counted: false,
    },
    {
      name: "is stable for a model that does not stand at both upstreams",
      facts: model("old"),
      canary: all,
      arm: "stable",
      counted: false,
    },
    {
      name: "is stable for a pinned deployment, which no split can move",
      facts: deployment("both@old"),
      canary: all,
      arm: "stable",
      counted: false,
    },
    {
      name: "is the canary's where the caller requires it, even at weight 0",
      facts: { ...model("both"), canary: "require" },
      canary: none,
      arm: "canary",
      counted: true,
    },
    {
      name: "is the canary's where the caller requires it and pins the canary",
      facts: { ...deployment("both@new"), canary: "require" },
      canary: none,
      arm: "canary",
      counted: false,
    },
    {
      name: "is stable where the caller excludes the canary",
      facts: { ...model("both"), canary: "exclude" },
      canary: all,
      arm: "stable",
      counted: true,
    },
    {
      name: "follows the first model that can serve the call, not one that is ruled out",
      facts: { ...tier("standard"), ...sees },
      canary: all,
      arm: "canary",
      counted: true,
    },
    {
      name: "is stable for a model without a deployment",
      facts: model("nowhere"),
      canary: all,
      arm: "stable",
      counted: false,
    },
  ];
  for (const { name, facts, canary, arm, counted } of cases) {
    it(name, () => {
      const plan = planOf(catalogOf(canary), facts);
      expect([plan.arm, plan.canaryBucket !== undefined]).toEqual([arm, counted]);
    });
  }

  it("is compared where the bucket decided, and not where the caller did", () => {
    for (const [facts, compared] of [
      [model("both"), true],
      [{ ...model("both"), canary: "require" }, false],
      [{ ...model("both"), canary: "exclude" }, false],
      [model("old"), false],
    ] as const) {
      expect(planOf(catalogOf(all), facts).compared).toBe(compared);
    }
  });

  it("leads to the canary deployment of that first model", () => {
    const plan = planOf(catalogOf(all), { ...tier("standard"), ...sees });
    expect(idsOf(plan.candidates)).toEqual(["both@new", "both@old", "old@old"]);
    expect(idsOf(plan.excluded)).toEqual(["blind@old"]);
  });

  it("comes from the affinity key where there is one, else from the call's own id", () => {
    expect(bucket({ affinityKey: "x", requestId: "1" })).toBe(bucket({ affinityKey: "x", requestId: "2" }));
    expect(bucket({ requestId: "1" })).not.toBe(bucket({ requestId: "2" }));
  });

  const impossible: readonly (readonly [string, Partial<CallFacts>, CanarySplit | undefined])[] = [
    ["without a split", model("both"), undefined],
    ["for a model that takes no part in it", model("old"), all],
    ["for a model without a deployment", model("nowhere"), all],
    ["for a tier whose first model takes no part in it", { ...tier("simple"), ...sees }, undefined],
    ["for a deployment pinned outside the canary", deployment("both@old"), all],
    ["for a deployment pinned outside the split", deployment("new@new"), all],
  ];
  for (const [who, facts, canary] of impossible) {
    it(`cannot be required ${who}`, () => {
      expect(rejectionOf(catalogOf(canary), { ...facts, canary: "require" })).toEqual({ kind: "no-canary" });
    });
  }
});

describe("a plan", () => {
  it("says what the caller named", () => {
    expect(planOf(catalogOf(undefined), tier("simple"))).toMatchObject({ tier: "simple", pinned: false });
    expect(planOf(catalogOf(undefined), model("both"))).toMatchObject({ tier: undefined, pinned: false });
    expect(planOf(catalogOf(undefined), deployment("both@old"))).toMatchObject({
      tier: undefined,
      pinned: true,
    });
  });

  it("hands on whether a content filter may be routed around", () => {
    expect(planOf(catalogOf(undefined), { ...model("both"), onContentFilter: true }).onContentFilter).toBe(
      true,
    );
    expect(planOf(catalogOf(undefined), model("both")).onContentFilter).toBe(false);
  });

  it("is refused for names that are not configured, in a chain too", () => {
    const catalog = catalogOf(undefined);
    expect(rejectionOf(catalog, model("gone"))).toMatchObject({ kind: "unknown-model", name: "acme/gone" });
    expect(rejectionOf(catalog, deployment("old@gone"))).toMatchObject({ kind: "unknown-deployment" });
    expect(rejectionOf(catalog, { ...model("both"), ...chain("old", "gone") })).toMatchObject({
      kind: "unknown-model",
      name: "acme/gone",
    });
    expect(rejectionOf(catalog, tier("advanced"))).toEqual({ kind: "empty-tier", tier: "advanced" });
  });

  it("is the same for the same facts", () => {
    const facts = { ...tier("simple"), ...chain("large", "both") };
    expect(planOf(catalogOf(all), facts)).toEqual(planOf(catalogOf(all), facts));
  });
});
