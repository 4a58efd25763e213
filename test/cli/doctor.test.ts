import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { HealthCheckResponse_ServingStatus } from "../../gen/grpc/health/v1/health_pb.ts";
import type { Finding } from "../../src/cli/finding.ts";
import { type CommandRun, runCommand } from "../support/command-run.ts";
import { type Behaviour, type FaultyUpstream, startFaultyUpstream } from "../support/faulty-upstream.ts";
import { freePorts } from "../support/free-ports.ts";
import { startScriptedGateway } from "../support/scripted-gateway.ts";
import { answers, answersHtml, redirects, refuses, responds } from "../support/upstream-behaviours.ts";

const folder = mkdtempSync(join(tmpdir(), "switchyard-doctor-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const key = "hs-aB3dE6-this-part-nobody-may-see";
const shown = "hs-aB3dE***";
const hidden = key.slice(8);

/** Two models, of which the second is cheaper. */
function configOf(baseUrl: string, keys = "{ id: first, env: KEY_FIRST }"): string {
  return `
upstreams:
  main: { baseUrl: "${baseUrl}", keys: [${keys}] }
models:
  acme/big: { upstreams: [main], price: { inputPerMTok: "1.00", outputPerMTok: "9.00" } }
  acme/small:
    upstreams: [main]
    upstreamModel: { main: small-1 }
    price: { inputPerMTok: "1.00", outputPerMTok: "2.00" }
tiers: { simple: [acme/small], standard: [acme/big], advanced: [acme/big] }
fallback: { rateLimited: [], unavailable: [], contextTooLong: [] }
`;
}

/** Runs `doctor` with a config of this text. */
function examine(
  config: string,
  env: Readonly<Record<string, string>> = { KEY_FIRST: key },
  words: readonly string[] = [],
): Promise<CommandRun> {
  writeFileSync(join(folder, "switchyard.yaml"), config);
  return runCommand(["doctor", ...words], { cwd: folder, env: { ...freePorts, ...env } });
}

interface Report {
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

/** What `doctor --json` finds, its exit code held to it. */
async function report(config: string, env?: Readonly<Record<string, string>>): Promise<Report> {
  const { code, stdout } = await examine(config, env, ["--json"]);
  const told: Report = JSON.parse(stdout);
  expect(told.ok).toBe(told.findings.every(({ outcome }) => outcome !== "failed"));
  expect(code).toBe(told.ok ? 0 : 1);
  return told;
}

function of({ findings }: Report, check: Finding["check"]): readonly Finding[] {
  return findings.filter((finding) => finding.check === check);
}

async function upstreamThat(behaviour: Behaviour): Promise<FaultyUpstream> {
  const upstream = await startFaultyUpstream(() => behaviour);
  onTestFinished(() => upstream.close());
  return upstream;
}

describe("switchyard doctor", () => {
  it("asks an upstream's cheapest model for at most ten tokens, once, and tells how long it took", async () => {
    const upstream = await upstreamThat(answers());
    const told = await report(configOf(upstream.baseUrl));
    expect(told.ok).toBe(true);
    expect(upstream.requests).toHaveLength(1);
    const [request] = upstream.requests;
    expect(request!.headers["authorization"]).toBe(`Bearer ${key}`);
    expect(request!.json()).toMatchObject({ model: "small-1", max_tokens: 10 });
    const [finding] = of(told, "upstream");
    expect(finding).toMatchObject({ outcome: "ok", subject: "main" });
    expect(finding!.latencyMs).toBeGreaterThanOrEqual(0);
    expect(finding!.detail).toMatch(
      new RegExp(`^${upstream.baseUrl} with key first and acme/small answered in \\d+ ms$`),
    );
  });

  it("prints a line a check and what to do, and counts what failed", async () => {
    const upstream = await upstreamThat(answers());
    const well = await examine(configOf(upstream.baseUrl));
    expect(well).toMatchObject({ code: 0, stderr: "" });
    expect(well.stdout).toMatch(/^ok +upstream +main +.*answered in \d+ ms$/m);
    expect(well.stdout).toMatch(/\nnothing failed\n$/);
    upstream.become(() => refuses(401));
    const ill = await examine(configOf(upstream.baseUrl));
    expect(ill).toMatchObject({ code: 1, stderr: "" });
    expect(ill.stdout).toMatch(/^failed +upstream +main .*\n +do: the key is refused: set a valid one/m);
    expect(ill.stdout).toMatch(/\n1 check failed\n$/);
  });

  const ills: readonly {
    readonly name: string;
    readonly behaviour: Behaviour;
    readonly detail: RegExp;
    readonly advice: RegExp;
  }[] = [
    {
      name: "refuses the key",
      behaviour: refuses(401, { code: "invalid_api_key", message: `Incorrect API key: ${key}` }),
      detail: /the upstream refuses the gateway's key \(unauthorized, HTTP 401\)$/,
      advice: /set a valid one/,
    },
    {
      name: "does not let the key use the model",
      behaviour: refuses(403),
      detail: /may not use this model at the upstream \(forbidden, HTTP 403\)$/,
      advice: /allow it/,
    },
    {
      name: "does not know the path, as without /v1",
      behaviour: answersHtml(404),
      detail: /\(model-missing, HTTP 404\)$/,
      advice: /baseUrl.*\/v1.*upstreamModel/,
    },
    {
      name: "does not know the model",
      behaviour: refuses(404, { code: "model_not_found" }),
      detail: /\(model-missing, HTTP 404\)$/,
      advice: /upstreamModel/,
    },
    {
      name: "answers with a page",
      behaviour: answersHtml(),
      detail: /the upstream's response is no valid answer \(bad-response, HTTP 200\)$/,
      advice: /no OpenAI-compatible API: check baseUrl/,
    },
    {
      name: "answers with JSON of another API",
      behaviour: responds(200, { "content-type": "application/json" }, '{"status":"ok"}'),
      detail: /no valid answer \(bad-response, HTTP 200\)$/,
      advice: /check baseUrl/,
    },
    {
      name: "redirects",
      behaviour: redirects("https://elsewhere.example/v1"),
      detail: /\(redirected, HTTP 307\)$/,
      advice: /set baseUrl to where it redirects/,
    },
    {
      name: "has no quota left",
      behaviour: refuses(429, { code: "insufficient_quota" }),
      detail: /\(quota-exhausted, HTTP 429\)$/,
      advice: /top up/,
    },
  ];
  for (const { name, behaviour, detail, advice } of ills) {
    it(`fails with cause and advice where the upstream ${name}`, async () => {
      const upstream = await upstreamThat(behaviour);
      const told = await report(configOf(upstream.baseUrl));
      const [finding] = of(told, "upstream");
      expect(finding).toMatchObject({
        outcome: "failed",
        subject: "main",
        detail: expect.stringMatching(detail),
        advice: expect.stringMatching(advice),
        latencyMs: expect.any(Number),
      });
      // Neither retried nor asked with other words: each request costs.
      expect(upstream.requests).toHaveLength(1);
      expect(JSON.stringify(told)).not.toContain(hidden);
    });
  }

  it("fails where nobody listens at the upstream's address", async () => {
    const gone = await startFaultyUpstream(() => answers());
    await gone.close();
    const [finding] = of(await report(configOf(gone.baseUrl)), "upstream");
    expect(finding).toMatchObject({
      outcome: "failed",
      detail: expect.stringMatching(/the upstream refuses connections \(unreachable\)$/),
      advice: expect.stringContaining("check baseUrl, DNS"),
    });
  });

  it("tells of every upstream, though one of them fails", async () => {
    const [well, ill] = [await upstreamThat(answers()), await upstreamThat(refuses(500))];
    const config = `
upstreams:
  ill: { baseUrl: "${ill.baseUrl}", keys: [{ id: first, env: KEY_FIRST }] }
  well: { baseUrl: "${well.baseUrl}", keys: [{ id: first, env: KEY_FIRST }] }
models: { acme/a: { upstreams: [ill, well] } }
tiers: { simple: [acme/a], standard: [acme/a], advanced: [acme/a] }
fallback: { rateLimited: [], unavailable: [], contextTooLong: [] }
`;
    const told = await report(config);
    expect(of(told, "upstream").map(({ subject, outcome }) => [subject, outcome])).toEqual([
      ["ill", "failed"],
      ["well", "ok"],
    ]);
  });

  it("shows of a key its first eight characters and ***, and where it comes from", async () => {
    const upstream = await upstreamThat(answers());
    const file = join(folder, "second.key");
    writeFileSync(file, `${key}-too\n`);
    const config = configOf(upstream.baseUrl, `{ id: first, env: KEY_FIRST }, { id: second, file: ${file} }`);
    expect(of(await report(config), "key")).toEqual([
      { check: "key", outcome: "ok", subject: "main/first", detail: `${shown} from KEY_FIRST` },
      { check: "key", outcome: "ok", subject: "main/second", detail: `${shown} from ${file}` },
    ]);
    for (const words of [[], ["--json"]]) {
      const { stdout, stderr } = await examine(config, { KEY_FIRST: key }, words);
      expect(stdout + stderr).not.toContain(key.slice(0, 9));
    }
  });

  it("names the variable of a key that is missing, and asks what has one", async () => {
    const upstream = await upstreamThat(answers());
    const keys = "{ id: first, env: KEY_FIRST }, { id: second, env: KEY_SECOND }";
    const told = await report(configOf(upstream.baseUrl, keys));
    expect(told.ok).toBe(true);
    expect(of(told, "config").filter(({ outcome }) => outcome === "note")).toEqual([
      expect.objectContaining({ detail: expect.stringContaining("KEY_SECOND is not set") }),
    ]);
    expect(upstream.requests).toHaveLength(1);
  });

  it("says that the simulator serves where no key is set, and asks nobody", async () => {
    const upstream = await upstreamThat(answers());
    const told = await report(configOf(upstream.baseUrl), {});
    expect(told.ok).toBe(true);
    expect(JSON.stringify(of(told, "config"))).toContain("set KEY_FIRST for real ones");
    expect(of(told, "key")).toEqual([
      expect.objectContaining({ outcome: "note", subject: "simulator", advice: expect.any(String) }),
    ]);
    expect(of(told, "upstream")).toEqual([]);
    expect(upstream.requests).toHaveLength(0);
  });

  it("fails with the variable to set where no key is set and no simulator may stand in", async () => {
    const config = `${configOf("http://127.0.0.1:9/v1")}simulator: { enabled: false }\n`;
    const told = await report(config, {});
    expect(told.findings.filter(({ outcome }) => outcome === "failed")).toEqual([
      expect.objectContaining({
        check: "config",
        subject: expect.stringMatching(/^switchyard\.yaml:\d+$/),
        detail: expect.stringContaining("set KEY_FIRST"),
      }),
    ]);
  });

  it("lists every problem of a config with its line, and then asks nobody", async () => {
    const upstream = await upstreamThat(answers());
    const config = `${configOf(upstream.baseUrl)}retry: { attempts: many }\nworker: 1\n`;
    const told = await report(config, { KEY_FIRST: "short" });
    const failed = told.findings.filter(({ outcome }) => outcome === "failed");
    const lines = config.split("\n");
    expect(failed.map(({ subject, detail }) => `${subject} ${detail}`).toSorted()).toEqual([
      expect.stringMatching(/^switchyard\.yaml KEY_FIRST: holds no well-formed key/),
      expect.stringMatching(
        new RegExp(`^switchyard\\.yaml:${lines.indexOf("retry: { attempts: many }") + 1} retry\\.attempts: `),
      ),
      expect.stringMatching(new RegExp(`^switchyard\\.yaml:${lines.indexOf("worker: 1") + 1} worker: `)),
    ]);
    expect(failed.every(({ check }) => check === "config")).toBe(true);
    expect(JSON.stringify(told)).not.toMatch(/\bshort\b(?!er)/);
    expect(upstream.requests).toHaveLength(0);
  });

  it("fails where the config that it is told to read does not exist", async () => {
    const { code, stdout } = await examine("", {}, ["--config", "nowhere.yaml"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^failed +config +nowhere\.yaml .*nowhere\.yaml does not exist$/m);
  });

  it("fails where another program listens, and names the variable that moves the listener", async () => {
    const other = createHttpServer((_request, response) => response.end("hello"));
    other.listen(0, "127.0.0.1");
    await once(other, "listening");
    onTestFinished(() => void other.close());
    const bound = other.address();
    const port = bound !== null && typeof bound === "object" ? bound.port : 0;
    const upstream = await upstreamThat(answers());
    for (const name of ["connect", "grpc", "operator"]) {
      const variable = `SWITCHYARD_LISTEN_${name.toUpperCase()}`;
      const told = await report(configOf(upstream.baseUrl), {
        KEY_FIRST: key,
        [variable]: `127.0.0.1:${port}`,
      });
      expect(of(told, "listener").filter(({ outcome }) => outcome === "failed")).toEqual([
        {
          check: "listener",
          outcome: "failed",
          subject: name,
          detail: `127.0.0.1:${port}: another program listens there`,
          advice: `stop what uses it, or set ${variable}=host:port`,
        },
      ]);
    }
  });

  it("does not mind that a Switchyard listens already", async () => {
    const upstream = await upstreamThat(answers());
    const check = () => ({ status: HealthCheckResponse_ServingStatus.SERVING });
    await using gateway = await startScriptedGateway({ health: { check } });
    const told = await report(configOf(upstream.baseUrl), {
      KEY_FIRST: key,
      SWITCHYARD_LISTEN_GRPC: gateway.address,
      SWITCHYARD_LISTEN_OPERATOR: "off",
    });
    expect(of(told, "listener")).toEqual([
      { check: "listener", outcome: "ok", subject: "connect", detail: "127.0.0.1:0 is free" },
      {
        check: "listener",
        outcome: "ok",
        subject: "grpc",
        detail: `${gateway.address} is served by a running Switchyard`,
      },
      { check: "listener", outcome: "ok", subject: "operator", detail: "off" },
    ]);
  });
});
