import { describe, expect, it } from "vitest";
import { compileCatalog } from "../../src/config/compile-catalog.ts";
import { firstTokenMsOf } from "../../src/config/first-token-limit.ts";
import { anyKey, configOf } from "../support/parsed-config.ts";

const text = `
upstreams:
  one: { baseUrl: "https://one.example", keys: [{ id: a, env: ONE_KEY }] }
  two: { baseUrl: "https://two.example", keys: [{ id: b, env: TWO_KEY }] }
models:
  acme/a: { upstreams: [two, one], upstreamModel: { two: plain-a }, capabilities: [tools], contextWindowTokens: 1000 }
  acme/team/b: { displayName: B, upstreams: [two] }
tiers: { simple: [acme/a], standard: [], advanced: [acme/team/b, acme/a] }
fallback: { contextTooLong: [acme/a] }
canary: { stable: one, canary: two, weightPercent: 2.5 }
timeouts: { firstTokenMs: { simple: 1, standard: 2, advanced: 3 } }
`;
const bothKeys = { ONE_KEY: anyKey, TWO_KEY: anyKey };

describe("compileCatalog()", () => {
  it("gives every model its deployments in order of preference, under the upstream's own names", () => {
    const { models, deployments } = compileCatalog(configOf(text, bothKeys));
    const a = models.get("acme/a");
    expect(a?.deployments.map(({ id, upstreamModel }) => [id, upstreamModel])).toEqual([
      ["acme/a@two", "plain-a"],
      ["acme/a@one", "acme/a"],
    ]);
    expect(a).toMatchObject({
      provider: "acme",
      displayName: "acme/a",
      contextWindowTokens: 1000,
      price: undefined,
    });
    expect(a?.capabilities).toEqual(new Set(["tools"]));
    expect(models.get("acme/team/b")).toMatchObject({
      provider: "acme",
      displayName: "B",
      capabilities: undefined,
    });
    expect([...deployments.keys()]).toEqual(["acme/a@two", "acme/a@one", "acme/team/b@two"]);
    expect(deployments.get("acme/a@one")).toBe(a?.deployments[1]);
  });

  it("resolves tiers, fallback and canary to the models themselves", () => {
    const config = configOf(text, bothKeys);
    const catalog = compileCatalog(config);
    const a = catalog.models.get("acme/a");
    expect(catalog.tiers.simple[0]).toBe(a);
    expect(catalog.tiers.advanced.map(({ id }) => id)).toEqual(["acme/team/b", "acme/a"]);
    expect(catalog.tiers.standard).toEqual([]);
    expect(a?.tiers).toEqual(["simple", "advanced"]);
    expect(catalog.fallback.contextTooLong[0]).toBe(a);
    expect(catalog.canary).toEqual({ stable: "one", canary: "two", weightBasisPoints: 250 });
    expect(catalog.revision).toBe(config.revision);
  });

  it("keeps a model whose upstreams have no key, without a deployment", () => {
    const { models, deployments, tiers } = compileCatalog(configOf(text, { ONE_KEY: anyKey }));
    expect(models.get("acme/team/b")?.deployments).toEqual([]);
    expect(tiers.advanced.map(({ id }) => id)).toEqual(["acme/team/b", "acme/a"]);
    expect([...deployments.keys()]).toEqual(["acme/a@one"]);
  });

  it("has every model at the simulator where that serves", () => {
    const { deployments } = compileCatalog(configOf(text));
    expect([...deployments.values()].map(({ id, upstreamModel }) => [id, upstreamModel])).toEqual([
      ["acme/a@simulator", "acme/a"],
      ["acme/team/b@simulator", "acme/team/b"],
    ]);
  });
});

describe("firstTokenMsOf()", () => {
  it("is the largest limit among the tiers that list the model, else standard's", () => {
    const config = configOf(text.replace("advanced: [acme/team/b, acme/a]", "advanced: [acme/a]"), bothKeys);
    const { models } = compileCatalog(config);
    const limitOf = (id: string): number =>
      firstTokenMsOf(config.timeouts.firstTokenMs, models.get(id) ?? { tiers: [] });
    expect(limitOf("acme/a")).toBe(3);
    expect(limitOf("acme/team/b")).toBe(2);
  });
});
