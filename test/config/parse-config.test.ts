import { describe, expect, it } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { anyKey, configOf, parse, problemsOf } from "../support/parsed-config.ts";

/** A catalog of two models at two upstreams; tests put further sections behind it. */
const catalog = `
upstreams:
  one: { baseUrl: "https://one.example/v1", keys: [{ id: a, env: ONE_KEY }] }
  two: { baseUrl: "https://two.example/v1/", keys: [{ id: b, env: TWO_KEY }] }
models:
  acme/small: { upstreams: [one], price: { inputPerMTok: "0.1", outputPerMTok: "0.2" } }
  acme/large: { upstreams: [two, one], upstreamModel: { two: big } }
tiers: { simple: [acme/small], standard: [acme/small], advanced: [acme/large] }
`;
const keys = { ONE_KEY: anyKey, TWO_KEY: `${anyKey}-2` };

describe("a file", () => {
  it("may be empty: every section has its default and the catalog is the shipped one", () => {
    const config = configOf("");
    expect(config.retry).toEqual({
      attempts: 5,
      baseMs: 1000,
      capMs: 60_000,
      jitter: "full",
      budgetRatio: 0.1,
      budgetPerSecond: 1,
    });
    expect(config.listen.connect).toEqual({ host: "127.0.0.1", port: 8080 });
    expect(config.limiter).toEqual({ start: 256, min: 4, max: 256 });
    expect(config.models.size).toBe(12);
    expect(config.canary).toBeUndefined();
  });

  it("keeps the defaults of the names that a section leaves out", () => {
    const { retry, timeouts } = configOf("retry: { attempts: 2 }\ntimeouts: { firstTokenMs: { simple: 5 } }");
    expect(retry).toMatchObject({ attempts: 2, baseMs: 1000, jitter: "full" });
    expect(timeouts).toMatchObject({ connectMs: 3000, firstTokenMs: { simple: 5, standard: 20_000 } });
  });

  it("is not merged with the shipped one: a catalog of its own is the whole catalog", () => {
    const config = configOf(catalog, keys);
    expect([...config.models.keys()]).toEqual(["acme/small", "acme/large"]);
    expect([...config.upstreams.keys()]).toEqual(["one", "two"]);
    expect(config.fallback).toEqual({ rateLimited: [], unavailable: [], contextTooLong: [] });
  });

  it("has the shipped catalog while it has none of its own", () => {
    const config = configOf("workers: 2\nsimulator: { faults: { openai/gpt-4.1: stall } }");
    expect(config.models.size).toBe(12);
    expect(config.fallback.rateLimited).toEqual(["deepseek/deepseek-chat-v3-2"]);
    expect(config.simulator.faults).toEqual(new Map([["openai/gpt-4.1", "stall"]]));
  });

  for (const section of ["upstreams: {}", "models: {}", "tiers: {}", "fallback: {}", "models:", "tiers:"]) {
    it(`has a catalog of its own, without a model, once "${section}" stands in it`, () => {
      expect(problemsOf(section)).toEqual([
        expect.objectContaining({ path: "models", message: expect.stringContaining("at least one model") }),
      ]);
    });
  }

  it("may have headings over lines that are commented out", () => {
    const commented = [
      "retry:",
      "#  attempts: 3",
      "canary:",
      "budgets:",
      "listen:",
      "ledger:",
      "simulator:",
    ].join("\n");
    expect(configOf(commented).revision).toBe(configOf("").revision);
  });

  for (const [text, found] of [
    ["text", "is text; must be a map"],
    ["- a\n- b", "is a list; must be a map"],
    ["42", "is 42; must be a map"],
  ] as const) {
    it(`is refused when it is ${JSON.stringify(text)}`, () => {
      expect(problemsOf(text)).toEqual([{ path: "", line: 1, message: found }]);
    });
  }

  it("that is no YAML is refused together with what is wrong in the environment", () => {
    const problems = problemsOf("a: [", { SWITCHYARD_LOG_LEVEL: "loud" });
    expect(problems.map(({ path }) => path)).toEqual(expect.arrayContaining(["", "SWITCHYARD_LOG_LEVEL"]));
  });

  it("is told every problem at once, each with its path and line", () => {
    const text = [
      "retry: { attempt: 3, baseMs: 5s }", // 1
      "models:", // 2
      "  acme/a:", // 3
      "    upstreams: [nowhere]", // 4
      "    price: { inputPerMTok: 0.42 }", // 5
      "  bad: { upstreams: [one], maxOutputTokens: 0 }", // 6
      "upstreams:", // 7
      "  one:", // 8
      "    baseUrl: ftp://one.example", // 9
      "    keys: [{ id: a, env: ONE_KEY }, { id: a, env: lower }]", // 10
      "tiers: { simple: [acme/b], fast: [] }", // 11
      "canary: { stable: one, canary: three, weightPercent: 200 }", // 12
      "what: 1", // 13
    ].join("\n");
    const problems = problemsOf(text, { ONE_KEY: "short", SWITCHYARD_LISTEN_GRPC: "50051" });
    expect(new Set(problems.map(({ path, line }) => `${line ?? "env"} ${path}`))).toEqual(
      new Set([
        "1 retry.attempt",
        "1 retry.baseMs",
        "4 models.acme/a.upstreams[0]",
        "5 models.acme/a.price.inputPerMTok",
        "5 models.acme/a.price.outputPerMTok",
        "6 models.bad",
        "6 models.bad.maxOutputTokens",
        "9 upstreams.one.baseUrl",
        "10 upstreams.one.keys[1].env",
        "10 upstreams.one.keys[1].id",
        "11 tiers.simple[0]",
        "11 tiers.fast",
        "12 canary.canary",
        "12 canary.weightPercent",
        "13 what",
        "env ONE_KEY",
        "env SWITCHYARD_LISTEN_GRPC",
      ]),
    );
  });
});

describe("a value", () => {
  const refused: readonly { text: string; path: string; message: RegExp }[] = [
    { text: "retry: { attemps: 3 }", path: "retry.attemps", message: /did you mean attempts\?/ },
    { text: "retrys: {}", path: "retrys", message: /did you mean retry\?/ },
    { text: "zzz: {}", path: "zzz", message: /known here: .*retry.*breaker/ },
    { text: "retry: 5", path: "retry", message: /is 5; must be a map/ },
    { text: "retry: [1]", path: "retry", message: /is a list; must be a map/ },
    {
      text: "retry: { attempts: 0 }",
      path: "retry.attempts",
      message: /is 0; must be a whole number from 1/,
    },
    { text: "retry: { attempts: 1.5 }", path: "retry.attempts", message: /is 1\.5; must be a whole number/ },
    { text: 'retry: { attempts: "5" }', path: "retry.attempts", message: /is text; must be a whole number/ },
    { text: "retry: { attempts: }", path: "retry.attempts", message: /is empty; must be a whole number/ },
    { text: "retry: { baseMs: -1 }", path: "retry.baseMs", message: /is -1; must be .*milliseconds/ },
    { text: "retry: { capMs: .inf }", path: "retry.capMs", message: /is Infinity; must be/ },
    { text: "retry: { capMs: .nan }", path: "retry.capMs", message: /is NaN; must be/ },
    { text: "timeouts: { idleMs: 2147483648 }", path: "timeouts.idleMs", message: /from 1 to 2147483647/ },
    { text: "timeouts: { idleMs: 99999999999999999999 }", path: "timeouts.idleMs", message: /must be/ },
    {
      text: "timeouts: { firstTokenMs: { easy: 1 } }",
      path: "timeouts.firstTokenMs.easy",
      message: /known here: simple, standard, advanced/,
    },
    {
      text: "retry: { jitter: fulll }",
      path: "retry.jitter",
      message: /one of full, equal, none \(did you mean full\?\)/,
    },
    { text: "retry: { budgetRatio: 1.1 }", path: "retry.budgetRatio", message: /from 0 to 1/ },
    {
      text: "retry: { baseMs: 10, capMs: 9 }",
      path: "retry.baseMs",
      message: /is 10; must be at most retry\.capMs, which is 9/,
    },
    {
      text: "retry: { baseMs: 70000 }",
      path: "retry.baseMs",
      message: /retry\.capMs, which is 60000 unless/,
    },
    {
      text: "breaker: { openMs: 9, maxOpenMs: 8 }",
      path: "breaker.openMs",
      message: /at most breaker\.maxOpenMs/,
    },
    { text: "breaker: { failurePercent: 101 }", path: "breaker.failurePercent", message: /from 1 to 100/ },
    {
      text: "limiter: { min: 9, start: 8 }",
      path: "limiter.min",
      message: /at most limiter\.start, which is 8/,
    },
    {
      text: "limiter: { start: 9, max: 8 }",
      path: "limiter.start",
      message: /at most limiter\.max, which is 8/,
    },
    { text: "hedge: { enabled: yes }", path: "hedge.enabled", message: /must be true or false/ },
    { text: "hedge: { maxExtraPercent: 101 }", path: "hedge.maxExtraPercent", message: /from 0 to 100/ },
    {
      text: "limits: { maxRequestBytes: 16MB }",
      path: "limits.maxRequestBytes",
      message: /is text; must be .*bytes/,
    },
    { text: "workers: 0", path: "workers", message: /is 0; must be .* 1 to 256/ },
    { text: "workers: many", path: "workers", message: /1 to 256, or auto/ },
    { text: "defaultTier: fast", path: "defaultTier", message: /one of simple, standard, advanced/ },
    { text: "listen: { connect: 8080 }", path: "listen.connect", message: /is 8080; must be text/ },
    { text: "listen: { http: a }", path: "listen.http", message: /known here: connect, grpc, operator/ },
    {
      text: 'cors: { allowedOrigins: ["https://a.example/"] }',
      path: "cors.allowedOrigins[0]",
      message: /origin/,
    },
    { text: "cors: { allowedOrigins: [example.com] }", path: "cors.allowedOrigins[0]", message: /origin/ },
    {
      text: 'cors: { allowedOrigins: ["https://A.example"] }',
      path: "cors.allowedOrigins[0]",
      message: /lower case/,
    },
    { text: "ledger: { path: a, url: postgres://x/y }", path: "ledger.url", message: /beside path/ },
    { text: "ledger: { off: true, path: a }", path: "ledger.off", message: /although path/ },
    { text: "ledger: { url: mysql://x }", path: "ledger.url", message: /must be a postgres/ },
    { text: "ledger: { retentionDays: 0 }", path: "ledger.retentionDays", message: /of days from 1/ },
    { text: "budgets: {}", path: "budgets", message: /is a map; must be a list/ },
    { text: 'budgets: [{ perDay: "1" }]', path: "budgets[0]", message: /either caller/ },
    {
      text: 'budgets: [{ caller: a, label: { t: x }, perDay: "1" }]',
      path: "budgets[0]",
      message: /either caller/,
    },
    { text: "budgets: [{ caller: a }]", path: "budgets[0]", message: /perDay, perMonth or both/ },
    {
      text: "budgets: [{ caller: a, perDay: 5 }]",
      path: "budgets[0].perDay",
      message: /is 5; must be .*in quotes/,
    },
    { text: 'budgets: [{ caller: a, perDay: "-5" }]', path: "budgets[0].perDay", message: /not negative/ },
    {
      text: 'budgets: [{ label: {}, perDay: "5" }]',
      path: "budgets[0].label",
      message: /at least one label/,
    },
    {
      text: 'budgets: [{ caller: a, perDay: "5" }, { caller: a, perDay: "6" }]',
      path: "budgets[1]",
      message: /second budget/,
    },
    { text: "simulator: { enabled: maybe }", path: "simulator.enabled", message: /auto, true or false/ },
    {
      text: "simulator: { faults: { openai/gpt-4.1: rate-limit } }",
      path: "simulator.faults.openai/gpt-4.1",
      message: /did you mean rate-limited\?/,
    },
    {
      text: "simulator: { faults: { openai/gpt-5: stall } }",
      path: "simulator.faults.openai/gpt-5",
      message: /did you mean openai\/gpt-4/,
    },
    { text: "operator: { tokenEnv: token }", path: "operator.tokenEnv", message: /in capitals/ },
    { text: "operator: { token: abc }", path: "operator.token", message: /did you mean tokenEnv/ },
    {
      text: "canary: { stable: legacy, canary: legacy, weightPercent: 1 }",
      path: "canary.canary",
      message: /must differ/,
    },
    {
      text: "canary: { stable: legacy, canary: holysheep }",
      path: "canary.weightPercent",
      message: /is missing; must be a number from 0 to 100/,
    },
    {
      text: "canary: { stable: legacy, canary: holysheep, weightPercent: 0.125 }",
      path: "canary.weightPercent",
      message: /two decimals/,
    },
    {
      text: "canary: { stable: legacy, canary: holysheep, weightPercent: -1 }",
      path: "canary.weightPercent",
      message: /from 0 to 100/,
    },
    { text: "<<: { workers: 2 }", path: "<<", message: /merge keys/ },
  ];
  for (const { text, path, message } of refused) {
    it(`is refused with the reason: ${text}`, () => {
      expect(problemsOf(text)).toContainEqual({ path, line: 1, message: expect.stringMatching(message) });
    });
  }

  const taken: readonly { text: string; name: keyof Config; expected: unknown }[] = [
    { text: "retry: { baseMs: 0, capMs: 0 }", name: "retry", expected: { baseMs: 0, capMs: 0 } },
    { text: "limiter: { max: 2 }", name: "limiter", expected: { start: 2, min: 2, max: 2 } },
    { text: "limiter: { min: 300 }", name: "limiter", expected: { start: 300, min: 300, max: 300 } },
    { text: "limiter: { start: 2 }", name: "limiter", expected: { start: 2, min: 2, max: 256 } },
    { text: "workers: auto", name: "workers", expected: "auto" },
    { text: "defaultTier: simple", name: "defaultTier", expected: "simple" },
    {
      text: 'cors: { allowedOrigins: ["*", "http://localhost:5173"] }',
      name: "cors",
      expected: { allowedOrigins: ["*", "http://localhost:5173"] },
    },
    { text: "ledger: { off: true }", name: "ledger", expected: { off: true, url: undefined } },
    {
      text: 'budgets: [{ caller: a, perDay: "0.5" }]',
      name: "budgets",
      expected: [{ caller: "a", perDayNanos: 500_000_000n, perMonthNanos: undefined, warnPercent: 80 }],
    },
    {
      text: "simulator: { tokensPerSecond: 0, firstTokenMs: 0, faults: { '*': stall } }",
      name: "simulator",
      expected: { serves: true, faults: new Map([["*", "stall"]]) },
    },
    {
      text: "listen: { grpc: off }",
      name: "listen",
      expected: { grpc: undefined, connect: { host: "127.0.0.1", port: 8080 } },
    },
    {
      text: 'listen: { connect: "[::1]:0" }',
      name: "listen",
      expected: { connect: { host: "::1", port: 0 } },
    },
  ];
  for (const { text, name, expected } of taken) {
    it(`is taken: ${text}`, () => {
      expect(configOf(text)[name]).toMatchObject(expected as object);
    });
  }

  it("of ledger.url shows itself only when asked, for it holds a password", () => {
    const { ledger } = configOf("ledger: { url: 'postgres://user:pass@db/switchyard' }");
    expect(ledger.url?.reveal()).toBe("postgres://user:pass@db/switchyard");
    expect(JSON.stringify(ledger)).not.toContain("pass");
  });
});

describe("the catalog", () => {
  const refused: readonly { name: string; text: string; path: string; message: RegExp }[] = [
    {
      name: "a model without a provider",
      text: "models: { gpt: { upstreams: [one] } }",
      path: "models.gpt",
      message: /provider\/model-name/,
    },
    {
      name: "a model with an empty provider",
      text: "models: { /gpt: { upstreams: [one] } }",
      path: "models./gpt",
      message: /provider\/model-name/,
    },
    {
      name: "a model with an empty name",
      text: "models: { acme/: { upstreams: [one] } }",
      path: "models.acme/",
      message: /provider\/model-name/,
    },
    {
      name: "a model of no upstream",
      text: "models: { acme/a: { upstreams: [] } }",
      path: "models.acme/a.upstreams",
      message: /at least one upstream/,
    },
    {
      name: "a model that does not say where it is",
      text: "models: { acme/a: {} }",
      path: "models.acme/a.upstreams",
      message: /is missing/,
    },
    {
      name: "an empty model",
      text: "models: { acme/a: }",
      path: "models.acme/a",
      message: /is empty; must be a map/,
    },
    {
      name: "an upstream twice",
      text: "models: { acme/a: { upstreams: [one, one] } }",
      path: "models.acme/a.upstreams[1]",
      message: /twice/,
    },
    {
      name: "a name for an upstream of another model",
      text: "models: { acme/a: { upstreams: [one], upstreamModel: { two: x } } }",
      path: "models.acme/a.upstreamModel.two",
      message: /not a known upstream of this model/,
    },
    {
      name: "an unknown capability",
      text: "models: { acme/a: { upstreams: [one], capabilities: [tool] } }",
      path: "models.acme/a.capabilities[0]",
      message: /did you mean tools\?/,
    },
    {
      name: "a capability twice",
      text: "models: { acme/a: { upstreams: [one], capabilities: [tools, tools] } }",
      path: "models.acme/a.capabilities[1]",
      message: /twice/,
    },
    {
      name: "more output than context",
      text: "models: { acme/a: { upstreams: [one], contextWindowTokens: 10, maxOutputTokens: 11 } }",
      path: "models.acme/a.maxOutputTokens",
      message: /at most contextWindowTokens, which is 10/,
    },
    {
      name: "half a price",
      text: 'models: { acme/a: { upstreams: [one], price: { inputPerMTok: "1" } } }',
      path: "models.acme/a.price.outputPerMTok",
      message: /is missing/,
    },
    {
      name: "a price as a number",
      text: 'models: { acme/a: { upstreams: [one], price: { inputPerMTok: 0.42, outputPerMTok: "1" } } }',
      path: "models.acme/a.price.inputPerMTok",
      message: /is 0\.42; must be .* text in quotes/,
    },
    {
      name: "a price with a comma",
      text: 'models: { acme/a: { upstreams: [one], price: { inputPerMTok: "1,9", outputPerMTok: "1" } } }',
      path: "models.acme/a.price.inputPerMTok",
      message: /such as "0\.42"/,
    },
    {
      name: "a name with an escape sequence",
      text: 'models: { acme/a: { upstreams: [one], displayName: "\\e[2J" } }',
      path: "models.acme/a.displayName",
      message: /1 to 128 characters/,
    },
    {
      name: "a tier of an unknown model",
      text: "models: { acme/a: { upstreams: [one] } }\ntiers: { simple: [acme/b] }",
      path: "tiers.simple[0]",
      message: /did you mean acme\/a\?/,
    },
    {
      name: "a fallback to an unknown model",
      text: "models: { acme/a: { upstreams: [one] } }\nfallback: { unavailable: [acme/b] }",
      path: "fallback.unavailable[0]",
      message: /did you mean acme\/a\?/,
    },
    {
      name: "a fallback for an unknown class",
      text: "models: { acme/a: { upstreams: [one] } }\nfallback: { ratelimited: [acme/a] }",
      path: "fallback.ratelimited",
      message: /did you mean rateLimited\?/,
    },
    {
      name: "a model twice in a tier",
      text: "models: { acme/a: { upstreams: [one] } }\ntiers: { simple: [acme/a, acme/a] }",
      path: "tiers.simple[1]",
      message: /twice/,
    },
    {
      name: "a default tier that lists no model",
      text: "models: { acme/a: { upstreams: [one] } }\ndefaultTier: advanced",
      path: "defaultTier",
      message: /lists no model/,
    },
  ];
  for (const { name, text, path, message } of refused) {
    it(`refuses ${name}`, () => {
      const upstreams =
        "upstreams: { one: { baseUrl: https://one.example, keys: [{ id: a, env: ONE_KEY }] } }";
      const line = text.includes("\n") ? 2 : 1;
      expect(problemsOf(`${text}\n${upstreams}`, keys)).toEqual([
        { path, line, message: expect.stringMatching(message) },
      ]);
    });
  }

  const upstreams: readonly { name: string; upstream: string; path: string; message: RegExp }[] = [
    {
      name: "another scheme",
      upstream: "baseUrl: ftp://x",
      path: "baseUrl",
      message: /https:\/\/ or http:\/\//,
    },
    { name: "no scheme", upstream: "baseUrl: api.example.com/v1", path: "baseUrl", message: /is no URL/ },
    { name: "no host", upstream: "baseUrl: 'https://'", path: "baseUrl", message: /is no URL/ },
    { name: "a space", upstream: "baseUrl: 'https://x /v1'", path: "baseUrl", message: /is no URL/ },
    { name: "a query", upstream: "baseUrl: https://x/v1?a=b", path: "baseUrl", message: /no \? and no #/ },
    { name: "a fragment", upstream: "baseUrl: 'https://x/v1#a'", path: "baseUrl", message: /no \? and no #/ },
    {
      name: "credentials",
      upstream: "baseUrl: https://user:pass@x/v1",
      path: "baseUrl",
      message: /credentials/,
    },
  ];
  for (const { name, upstream, path, message } of upstreams) {
    it(`refuses an address with ${name}`, () => {
      const text = `upstreams: { one: { ${upstream}, keys: [{ id: a, env: ONE_KEY }] } }\nmodels: { acme/a: { upstreams: [one] } }`;
      expect(problemsOf(text, keys)).toEqual([
        { path: `upstreams.one.${path}`, line: 1, message: expect.stringMatching(message) },
      ]);
    });
  }

  for (const name of ["a@b", "simulator", "-a", "a b", "a/b", `a${"b".repeat(62)}`]) {
    it(`refuses an upstream called ${name}`, () => {
      const text = `upstreams: { "${name}": { baseUrl: https://x, keys: [{ id: a, env: ONE_KEY }] } }\nmodels: { acme/a: { upstreams: ["${name}"] } }`;
      expect(problemsOf(text, keys).map(({ path }) => path)).toEqual([`upstreams.${name}`]);
    });
  }

  it("drops the slashes at the end of an address", () => {
    expect(configOf(catalog, keys).upstreams.get("two")?.baseUrl).toBe("https://two.example/v1");
  });

  it("keeps prices exactly, and says where none is known", () => {
    const { models } = configOf(catalog, keys);
    expect(models.get("acme/small")?.price).toEqual({
      inputNanosPerMTok: 100_000_000n,
      cachedInputNanosPerMTok: undefined,
      outputNanosPerMTok: 200_000_000n,
    });
    expect(models.get("acme/large")?.price).toBeUndefined();
  });

  it("counts a canary's percent in basis points, exactly", () => {
    for (const [percent, basisPoints] of [
      ["5", 500],
      ["0.29", 29],
      ["33.33", 3333],
      ["100", 10_000],
      ["0", 0],
    ] as const) {
      const { canary } = configOf(
        `${catalog}\ncanary: { stable: one, canary: two, weightPercent: ${percent} }`,
        keys,
      );
      expect(canary).toEqual({
        stable: "one",
        canary: "two",
        weightBasisPoints: basisPoints,
        autoRollback: true,
        promote: false,
      });
    }
  });

  it("has no canary where one of its upstreams does not serve, and says so", () => {
    const text = `${catalog}\ncanary: { stable: one, canary: two, weightPercent: 5 }`;
    const config = configOf(text, { ONE_KEY: anyKey });
    expect(config.canary).toBeUndefined();
    expect(config.warnings).toContainEqual(expect.stringContaining("there is no canary"));
  });
});

describe("the environment", () => {
  it("overrides where the listeners listen", () => {
    const { listen, logLevel } = configOf('listen: { connect: "127.0.0.1:1" }', {
      SWITCHYARD_LISTEN_CONNECT: "0.0.0.0:2",
      SWITCHYARD_LISTEN_GRPC: "off",
      SWITCHYARD_LISTEN_OPERATOR: " [::1]:0 ",
      SWITCHYARD_LOG_LEVEL: "DEBUG",
    });
    expect(listen).toEqual({
      connect: { host: "0.0.0.0", port: 2 },
      grpc: undefined,
      operator: { host: "::1", port: 0 },
    });
    expect(logLevel).toBe("debug");
  });

  it("counts an empty variable as unset", () => {
    const env = { SWITCHYARD_LISTEN_CONNECT: "", SWITCHYARD_LOG_LEVEL: "  ", HOLYSHEEP_API_KEY: "" };
    expect(configOf("", env)).toMatchObject({
      listen: { connect: { port: 8080 } },
      logLevel: "info",
      simulator: { serves: true },
    });
  });

  const refused: readonly {
    name: string;
    text?: string;
    env: Record<string, string>;
    path: string;
    message: RegExp;
  }[] = [
    {
      name: "a malformed address",
      env: { SWITCHYARD_LISTEN_GRPC: "50051" },
      path: "SWITCHYARD_LISTEN_GRPC",
      message: /has no port/,
    },
    {
      name: "an unknown level",
      env: { SWITCHYARD_LOG_LEVEL: "verbose" },
      path: "SWITCHYARD_LOG_LEVEL",
      message: /trace, debug, info/,
    },
    {
      name: "a level that is a name of every object",
      env: { SWITCHYARD_LOG_LEVEL: "constructor" },
      path: "SWITCHYARD_LOG_LEVEL",
      message: /trace/,
    },
    {
      name: "a port that another listener has",
      env: { SWITCHYARD_LISTEN_GRPC: "127.0.0.1:8080" },
      path: "SWITCHYARD_LISTEN_GRPC",
      message: /the listener connect has too/,
    },
    {
      name: "operators reachable without a token",
      env: { SWITCHYARD_LISTEN_OPERATOR: "0.0.0.0:9090" },
      path: "SWITCHYARD_LISTEN_OPERATOR",
      message: /operator\.tokenEnv/,
    },
    {
      name: "a token that is named and not set",
      text: "operator: { tokenEnv: OPS }",
      env: {},
      path: "OPS",
      message: /is not set, but operator\.tokenEnv names it/,
    },
    {
      name: "a token that no header can carry",
      text: "operator: { tokenEnv: OPS }",
      env: { OPS: "a b" },
      path: "OPS",
      message: /contains a space/,
    },
  ];
  for (const { name, text, env, path, message } of refused) {
    it(`refuses ${name}, naming the variable`, () => {
      expect(problemsOf(text ?? "", env)).toEqual([
        { path, line: undefined, message: expect.stringMatching(message) },
      ]);
    });
  }

  it("refuses a process that listens nowhere", () => {
    expect(problemsOf("listen: { connect: off, grpc: off, operator: off }")).toEqual([
      { path: "listen.connect", line: 1, message: expect.stringContaining("every listener is off") },
    ]);
  });

  it("allows operators from elsewhere with a token", () => {
    const text = 'operator: { tokenEnv: OPS }\nlisten: { operator: "0.0.0.0:9090" }';
    const config = configOf(text, { OPS: anyKey });
    expect(config.operator.token?.reveal()).toBe(anyKey);
    expect(config.listen.operator?.host).toBe("0.0.0.0");
    expect(configOf(text, { OPS: "brief" }).warnings).toContainEqual(expect.stringContaining("is short"));
  });

  it("warns of a variable that is nearly one of ours, and of no other", () => {
    const { warnings } = configOf("", {
      SWITCHYARD_LISTEN_GPRC: "off",
      SWITCHYARD_SERVICE_HOST: "10.0.0.1",
      SWITCHYARD_PORT_8080_TCP_ADDR: "10.0.0.1",
    });
    expect(warnings.filter((warning) => warning.startsWith("environment"))).toEqual([
      "environment variable SWITCHYARD_LISTEN_GPRC means nothing here; did you mean SWITCHYARD_LISTEN_GRPC?",
    ]);
  });
});

function revisionWith(key: string): string {
  return configOf("", { HOLYSHEEP_API_KEY: key }).revision;
}

describe("the revision", () => {
  it("is twelve hexadecimal digits, the same for files that mean the same", () => {
    const one = configOf("retry: { attempts: 5, baseMs: 1000 }\nworkers: 1").revision;
    const other = configOf(
      "# nothing new\nworkers: 1\nretry:\n  baseMs: 1_000\n".replace("1_000", "1000"),
    ).revision;
    expect(one).toMatch(/^[0-9a-f]{12}$/);
    expect(other).toBe(one);
    expect(configOf("").revision).toBe(one);
  });

  for (const change of [
    "workers: 2",
    "retry: { attempts: 4 }",
    'budgets: [{ caller: a, perDay: "5" }]',
    "simulator: { faults: { '*': stall } }",
  ]) {
    it(`changes with ${change}`, () => {
      expect(configOf(change).revision).not.toBe(configOf("").revision);
    });
  }

  it("does not change with a key, but with the upstreams that keys bring into use", () => {
    expect(revisionWith(anyKey)).toBe(revisionWith(`${anyKey}-rotated`));
    expect(revisionWith(anyKey)).not.toBe(configOf("").revision);
  });

  it("is the same wherever it is computed", () => {
    expect(parse("").kind).toBe("valid");
    expect(configOf(catalog, keys).revision).toBe(configOf(catalog, keys).revision);
  });
});
