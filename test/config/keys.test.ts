import { describe, expect, it } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { anyKey, configOf, problemsOf } from "../support/parsed-config.ts";

const twoUpstreams = (keysOfOne: string): string => `
upstreams:
  one: { baseUrl: "https://one.example/v1", keys: ${keysOfOne} }
  two: { baseUrl: "https://two.example/v1", keys: [{ id: b, env: TWO_KEY }] }
models:
  acme/both: { upstreams: [one, two], upstreamModel: { one: uno, two: due } }
  acme/two: { upstreams: [two] }
tiers: { standard: [acme/both, acme/two], advanced: [acme/two] }
`;
const fromEnv = twoUpstreams("[{ id: a, env: ONE_KEY }]");
const fromFile = twoUpstreams("[{ id: a, file: /run/secrets/one }]");

describe("a key", () => {
  it("comes from a variable, trimmed", () => {
    const [key] = configOf(fromEnv, { ONE_KEY: ` ${anyKey}\n` }).upstreams.get("one")?.keys ?? [];
    expect(key?.source).toEqual({ kind: "env", name: "ONE_KEY" });
    expect(key?.secret.reveal()).toBe(anyKey);
  });

  it("comes from a file, trimmed and without a byte order mark", () => {
    const files = { "/run/secrets/one": `\uFEFF${anyKey}\r\n` };
    const [key] = configOf(fromFile, {}, files).upstreams.get("one")?.keys ?? [];
    expect(key?.source).toEqual({ kind: "file", path: "/run/secrets/one" });
    expect(key?.secret.reveal()).toBe(anyKey);
  });

  const malformed: readonly (readonly [string, string, RegExp])[] = [
    ["short", "sk-short-0123456789", /shorter than 20 characters/],
    ["with a space", `${anyKey} ${anyKey}`, /space or a line break/],
    ["of two lines", `${anyKey}\n${anyKey}`, /space or a line break/],
    ["with a control character", `${anyKey}\u0007${anyKey}`, /control character/],
    ["outside ASCII", `${anyKey}…`, /outside ASCII/],
    ["with its header's first word", `Bearer ${anyKey}`, /begins with "Bearer"/],
    ["in quotes", `"${anyKey}"`, /wrapped in quotes/],
    ["that was never filled in", "YOUR_HOLYSHEEP_API_KEY", /placeholder/],
    ["that was never expanded", "${HOLYSHEEP_API_KEY_OF_PRODUCTION}", /placeholder/],
    ["of many kilobytes", anyKey.repeat(400), /longer than 8192/],
  ];
  for (const [name, key, why] of malformed) {
    it(`${name} is refused at its variable and at its file, showing none of it`, () => {
      const inVariable = problemsOf(fromEnv, { ONE_KEY: key });
      expect(inVariable).toEqual([{ path: "ONE_KEY", line: undefined, message: expect.stringMatching(why) }]);
      const inFile = problemsOf(fromFile, {}, { "/run/secrets/one": key });
      expect(inFile).toEqual([
        { path: "upstreams.one.keys[0].file", line: 3, message: expect.stringMatching(why) },
      ]);
      const shown = JSON.stringify([inVariable, inFile]);
      expect(shown).toContain("keys come from");
      expect(shown).not.toContain(key.slice(0, 12).replace("YOUR_HOLYSHE", "never"));
    });
  }

  it("whose file cannot be read, or is empty, is refused", () => {
    const [missing] = problemsOf(fromFile);
    expect(missing).toMatchObject({ path: "upstreams.one.keys[0].file", line: 3 });
    expect(missing?.message).toContain("does not exist");
    expect(problemsOf(fromFile, {}, { "/run/secrets/one": " \n" })[0]?.message).toContain("is empty");
  });

  const written: readonly (readonly [string, string, string])[] = [
    ["as a list of texts", "[sk-0123456789abcdefghij]", "upstreams.one.keys[0]"],
    ["as a text", "sk-0123456789abcdefghij", "upstreams.one.keys"],
    ["as value", "[{ id: a, value: sk-0123456789abcdefghij }]", "upstreams.one.keys[0].value"],
    ["as a value of no known shape", "[{ id: a, apiKey: abcdefgh }]", "upstreams.one.keys[0].apiKey"],
    [
      "in place of a variable's name",
      "[{ id: a, env: sk-0123456789abcdefghij }]",
      "upstreams.one.keys[0].env",
    ],
    ["in place of a file's name", "[{ id: a, file: sk-0123456789abcdefghij }]", "upstreams.one.keys[0].file"],
    ["in place of an alias", "[{ id: sk-0123456789abcdefghij, env: ONE_KEY }]", "upstreams.one.keys[0].id"],
  ];
  for (const [name, keys, path] of written) {
    it(`written into the file ${name} is refused with the reason, and not repeated`, () => {
      const problems = problemsOf(twoUpstreams(keys));
      expect(problems).toContainEqual({
        path,
        line: 3,
        message: expect.stringContaining("cannot be written here"),
      });
      expect(JSON.stringify(problems)).not.toMatch(/0123456789|abcdefgh/);
    });
  }

  it("of a known provider's shape is not repeated, even where it is the name of something", () => {
    for (const text of ["sk-0123456789abcdefghij: 1", "tiers: { gsk_0123456789abcdefghij: [] }"]) {
      const problems = problemsOf(text);
      expect(JSON.stringify(problems)).toContain("cannot be written here");
      expect(JSON.stringify(problems)).not.toContain("0123456789");
    }
  });

  it("is not seen in names that merely begin like one", () => {
    const text = twoUpstreams("[{ id: sk-primary-key-of-team, env: ONE_KEY }]");
    expect(problemsOf(text, { ONE_KEY: anyKey })).toEqual([]);
  });

  it("that is set and also stands in the file is refused wherever it stands, whatever its shape", () => {
    const key = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
    for (const place of [
      `budgets: [{ caller: ${key}, perDay: "1" }]`,
      `${key}: 1`,
      `cors: { allowedOrigins: ["https://${key}.example"] }`,
      `listen: { connect: "${key}:80" }`,
      `ledger: { path: ./${key}.db }`,
    ]) {
      const problems = problemsOf(place, { HOLYSHEEP_API_KEY: key });
      expect(problems.length).toBeGreaterThan(0);
      expect(JSON.stringify(problems)).not.toContain(key);
    }
  });

  it("is asked for exactly once", () => {
    const both = problemsOf(twoUpstreams("[{ id: a, env: ONE_KEY, file: x }]"));
    expect(both).toContainEqual(expect.objectContaining({ message: "has both env and file; keep one" }));
    const neither = problemsOf(twoUpstreams("[{ id: a }]"));
    expect(neither[0]?.message).toContain("has neither env nor file");
    expect(problemsOf(twoUpstreams("[]"))[0]?.message).toContain("at least one key");
  });

  it("under two ids is told, because it is one to its provider", () => {
    const text = twoUpstreams("[{ id: a, env: ONE_KEY }, { id: b, env: OTHER_KEY }]");
    const { warnings } = configOf(text, { ONE_KEY: anyKey, OTHER_KEY: anyKey });
    expect(warnings).toContainEqual(expect.stringContaining("the same key under two ids"));
  });
});

describe("an upstream without a key", () => {
  it("is left out with a warning that names the variable, and so are its deployments", () => {
    const config = configOf(fromEnv, { ONE_KEY: anyKey });
    expect([...config.upstreams.keys()]).toEqual(["one"]);
    expect(config.models.get("acme/both")).toMatchObject({
      upstreams: ["one"],
      upstreamModel: new Map([["one", "uno"]]),
    });
    expect(config.models.get("acme/two")?.upstreams).toEqual([]);
    expect(config.warnings).toEqual([
      expect.stringMatching(/upstream two is left out: it has no key; set TWO_KEY; keys come from/),
      "unavailable, because no upstream of theirs has a key: acme/two",
      "tier standard lists unavailable models: acme/two",
      expect.stringContaining("whose cost is unknown: acme/both, acme/two"),
      "tier advanced lists unavailable models: acme/two; no model of it is left",
      expect.stringContaining("tier advanced lists models without a price"),
    ]);
  });

  it("serves with the keys that are set", () => {
    const text = twoUpstreams("[{ id: a, env: ONE_KEY }, { id: b, env: OTHER_KEY }]");
    const config = configOf(text, { OTHER_KEY: anyKey });
    expect(config.upstreams.get("one")?.keys.map(({ id }) => id)).toEqual(["b"]);
    expect(config.warnings).toContainEqual(expect.stringContaining("fewer keys than configured: ONE_KEY"));
  });

  it("and one that no model uses count alike", () => {
    const unused = fromEnv.replace(
      "upstreams: [one, two], upstreamModel: { one: uno, two: due }",
      "upstreams: [two]",
    );
    const config = configOf(unused, { ONE_KEY: anyKey });
    expect(config.simulator.serves).toBe(true);
    expect(config.warnings).toContainEqual("upstream one is left out: no model uses it");
  });
});

/** What shows whether the simulator stands in, of a configuration. */
function standIn(config: Config): unknown {
  const [upstream, ...others] = config.upstreams.values();
  const [key] = upstream?.keys ?? [];
  return {
    serves: config.simulator.serves,
    upstreams: [upstream?.name, ...others],
    baseUrl: upstream?.baseUrl,
    source: key?.source,
    wellFormedKey: (key?.secret.reveal().length ?? 0) >= 20,
    models: [...config.models.values()].every(
      ({ upstreams, upstreamModel }) => upstreams.join() === "simulator" && upstreamModel.size === 0,
    ),
    told: config.warnings.some((warning) => warning.startsWith("answers are simulated")),
  };
}

const simulated = {
  serves: true,
  upstreams: ["simulator"],
  baseUrl: undefined,
  source: { kind: "simulator" },
  wellFormedKey: true,
  models: true,
  told: true,
};

describe("the simulator", () => {
  it("stands in for every model where no upstream has a key", () => {
    expect(standIn(configOf(""))).toEqual(simulated);
    expect(standIn(configOf(fromEnv))).toEqual(simulated);
    const other =
      "models: { acme/a: { upstreams: [one] } }\nupstreams: { one: { baseUrl: http://x, keys: [{ id: a, env: A }] } }";
    expect(standIn(configOf(other))).toEqual(simulated);
  });

  it("always stands in where it is asked to", () => {
    const config = configOf("simulator: { enabled: true }", { HOLYSHEEP_API_KEY: anyKey });
    expect(standIn(config)).toEqual(simulated);
  });

  it("does not serve where an upstream can", () => {
    const config = configOf("simulator: { faults: { '*': stall } }", { OPENAI_API_KEY: anyKey });
    expect(config.simulator).toMatchObject({ enabled: "auto", serves: false });
    expect([...config.upstreams.keys()]).toEqual(["legacy"]);
    expect(config.warnings).toContainEqual(expect.stringContaining("simulator.faults has no effect"));
  });

  it("turned off with no key set is refused, naming the variables to set", () => {
    expect(problemsOf("simulator: { enabled: false }")).toEqual([
      {
        path: "simulator.enabled",
        line: 1,
        message: expect.stringContaining("set HOLYSHEEP_API_KEY or OPENAI_API_KEY"),
      },
    ]);
    expect(problemsOf("simulator: { enabled: false }", { OPENAI_API_KEY: anyKey })).toEqual([]);
  });

  it("does not hide a malformed key", () => {
    expect(problemsOf("", { HOLYSHEEP_API_KEY: "short" }).map(({ path }) => path)).toEqual([
      "HOLYSHEEP_API_KEY",
    ]);
  });
});

function warningsAt(host: string): readonly string[] {
  return configOf(fromEnv.replace("https://one.example", `http://${host}`), { ONE_KEY: anyKey }).warnings;
}

describe("an address over http", () => {
  const unencrypted = expect.stringContaining("unencrypted");
  it("is warned of unless it is loopback", () => {
    expect(warningsAt("one.example")).toContainEqual(unencrypted);
    for (const host of ["127.0.0.1:8000", "localhost:8000", "[::1]:8000"]) {
      expect(warningsAt(host)).not.toContainEqual(unencrypted);
    }
  });
});
