import { describe, expect, it } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { configDifferences } from "../../src/config/config-differences.ts";
import { withKeys, withKeysOf } from "../../src/config/with-keys.ts";
import { anyKey, configOf } from "../support/parsed-config.ts";

const env = { ONE_KEY: `${anyKey}-1`, SPARE_KEY: `${anyKey}-2`, TWO_KEY: `${anyKey}-3` };
const text = (keysOfOne = "{ id: a, env: ONE_KEY }", hostOfOne = "one.example", more = ""): string => `
upstreams:
  one: { baseUrl: "https://${hostOfOne}/v1", keys: [${keysOfOne}] }
  two: { baseUrl: "https://two.example/v1", keys: [{ id: b, env: TWO_KEY }] }
models:
  acme/both: { upstreams: [one, two] }
tiers: { standard: [acme/both] }
${more}`;
const idsOf = ({ upstreams }: Config) =>
  [...upstreams].map(([name, { keys }]) => [name, ...keys.map(({ id }) => id)]);
const twoKeys = "{ id: spare, env: SPARE_KEY }, { id: a, env: ONE_KEY }";

describe("what serves, with the keys of a file", () => {
  it("is the file's meaning where nothing but keys changed", () => {
    const file = configOf(text(twoKeys), env);
    const next = withKeysOf(configOf(text(), env), file);
    expect(idsOf(next)).toEqual([
      ["one", "spare", "a"],
      ["two", "b"],
    ]);
    expect(next.revision).toBe(file.revision);
    expect(configDifferences(next, file)).toEqual([]);
  });

  it("leaves everything else as it serves", () => {
    const served = configOf(text(), env);
    const file = configOf(text(twoKeys, "one.example", "retry: { attempts: 2 }"), env);
    const next = withKeysOf(served, file);
    expect(idsOf(next)[0]).toEqual(["one", "spare", "a"]);
    expect(next.retry).toEqual(served.retry);
    expect(configDifferences(next, file)).toEqual(["retry"]);
    expect([served.revision, file.revision]).not.toContain(next.revision);
  });

  it("gives no key to an address that it was not written for", () => {
    const served = configOf(text(), env);
    const file = configOf(text(twoKeys, "elsewhere.example"), env);
    const next = withKeysOf(served, file);
    expect(idsOf(next)).toEqual(idsOf(served));
    expect(configDifferences(next, file)).toEqual(["upstreams"]);
  });

  it("takes no upstream its keys where the file has no use for it any more", () => {
    const served = configOf(text(), env);
    const file = configOf(text("{ id: a, env: UNSET_KEY }"), env);
    expect(idsOf(file)).toEqual([["two", "b"]]);
    expect(idsOf(withKeysOf(served, file))).toEqual(idsOf(served));
  });

  it("does not become simulated without a restart", () => {
    const served = configOf(text(), env);
    const file = configOf(text(undefined, undefined, "simulator: { enabled: true }"), env);
    expect(idsOf(withKeysOf(served, file))).toEqual(idsOf(served));
  });
});

describe("a configuration with other keys", () => {
  it("has the revision of a file that says so, whoever was the first", () => {
    const [one, two] = [configOf(text(), env), configOf(text(twoKeys), env)];
    const keys = new Map([["one", two.upstreams.get("one")!.keys]]);
    const changed = withKeys(one, keys);
    expect([changed.revision, ...idsOf(changed)]).toEqual([two.revision, ...idsOf(two)]);
    expect(withKeys(one, new Map()).revision).toBe(one.revision);
  });
});
