// Real processes: what one worker learns or is told, all obey.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Code } from "@connectrpc/connect";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { KeyState } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import { BreakerState } from "../../gen/switchyard/v1/routing_pb.ts";
import { keyOf } from "../support/canary-calls.ts";
import { type FaultyUpstream, startFaultyUpstream } from "../support/faulty-upstream.ts";
import { anyKey } from "../support/parsed-config.ts";
import { answers, answersAfter, refuses } from "../support/upstream-behaviours.ts";
import {
  oneUpstream,
  startWorkerGateway,
  type WorkerClient,
  type WorkerGateway,
} from "../support/worker-gateway.ts";

const patient = { timeout: 20_000 };

const folder = mkdtempSync(join(tmpdir(), "switchyard-agree-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let upstream: FaultyUpstream;
beforeEach(async () => {
  upstream = await startFaultyUpstream(() => answers());
});
afterEach(() => upstream.close());

const start = (keys: readonly string[], more = ""): Promise<WorkerGateway> =>
  startWorkerGateway({ config: oneUpstream(upstream.baseUrl, keys, `workers: 2\n${more}`) });

const both = async (gateway: WorkerGateway): Promise<readonly [WorkerClient, WorkerClient]> =>
  (await gateway.callers()) as [WorkerClient, WorkerClient];

const keysSent = (): readonly string[] =>
  upstream.requests.map(({ headers }) => (headers["authorization"] ?? "").replace(/^.*KEY_/, ""));

/**
 * Resolves once a worker has heard all that the others have told by now: it asks them how many calls are under way, and
 * their answers come after it.
 */
async function heardAll({ client }: WorkerClient): Promise<void> {
  await client.health({});
}

/** Kills the first worker, and waits for a caller of the one that takes its place. */
async function replaceFirst(gateway: WorkerGateway, first: WorkerClient): Promise<WorkerClient> {
  process.kill(first.pid, "SIGKILL");
  await expect
    .poll(() => gateway.process.log.some((line) => line["event"] === "worker-ended"), patient)
    .toBe(true);
  const [next] = await both(gateway);
  expect(next.pid).not.toBe(first.pid);
  return next;
}

describe("what a call teaches one worker of a key", () => {
  for (const { what, status, headers, state } of [
    { what: "a cooldown", status: 429, headers: { "retry-after": "60" }, state: KeyState.COOLING },
    { what: "a quarantine", status: 401, headers: {}, state: KeyState.QUARANTINED },
  ]) {
    it(`is obeyed by the others, and by one that starts later: ${what}`, async () => {
      upstream.become((_, request) =>
        (request.headers["authorization"] ?? "").endsWith("KEY_A") ? refuses(status, {}, headers) : answers(),
      );
      await using gateway = await start(["a", "b"]);
      const [first, second] = await both(gateway);
      expect((await first.chat()).error).toBeUndefined();
      await heardAll(second);
      expect((await second.chat()).error).toBeUndefined();
      expect(keysSent()).toEqual(["A", "B", "B"]);
      for (const { client } of await gateway.operators()) {
        const { keys } = await client.listKeys({});
        expect(keys.map((key) => [key.keyId, key.state])).toEqual([
          ["a", state],
          ["b", KeyState.USABLE],
        ]);
      }
      const next = await replaceFirst(gateway, first);
      expect((await next.chat()).error).toBeUndefined();
      expect(keysSent()).toEqual(["A", "B", "B", "B"]);
    }, 60_000);
  }
});

it("a deployment that asks one worker to be left alone is left alone by all", async () => {
  upstream.become(() => refuses(503, {}, { "retry-after": "60" }));
  await using gateway = await start(["a"], "retry: { attempts: 1 }\n");
  const [first, second] = await both(gateway);
  expect((await first.chat()).error?.code).toBe(Code.Unavailable);
  await heardAll(second);
  expect((await second.chat()).error?.code).toBe(Code.Unavailable);
  expect(upstream.requests).toHaveLength(1);
}, 60_000);

it("a breaker that an operator sets at one worker is set at all, later ones too", async () => {
  await using gateway = await start(["a"]);
  const [first, second] = await both(gateway);
  const [operator, other] = await gateway.operators();
  await operator!.client.setBreaker({
    deployment: "acme/main@main",
    state: BreakerState.OPEN,
    ttl: { seconds: 300n, nanos: 0 },
  });
  await Promise.all([first, second].map(heardAll));
  expect((await first.chat()).error?.code).toBe(Code.Unavailable);
  expect((await second.chat()).error?.code).toBe(Code.Unavailable);
  const next = await replaceFirst(gateway, first);
  expect((await next.chat()).error?.code).toBe(Code.Unavailable);
  expect(upstream.requests).toHaveLength(0);
  // The operator's own worker may be the one that is gone.
  const survivor = operator!.pid === first.pid ? other! : operator!;
  await survivor.client.setBreaker({ deployment: "acme/main@main", state: BreakerState.CLOSED });
  for (const caller of [next, second]) {
    await expect.poll(async () => (await caller.chat()).error, patient).toBeUndefined();
  }
}, 60_000);

describe("a budget", () => {
  /** A million tokens of output: two dollars. */
  const dear = answers({ usage: { prompt_tokens: 0, completion_tokens: 1_000_000 } });
  const caller = "team-a";

  it("is spent through all workers together, and stays spent when one starts anew", async () => {
    upstream.become(() => dear);
    await using gateway = await start(["a"], `budgets: [{ caller: ${caller}, perDay: "3.00" }]\n`);
    const [first, second] = await both(gateway);
    expect((await first.chat({ caller })).error).toBeUndefined();
    expect((await second.chat({ caller })).error).toBeUndefined();
    await Promise.all([first, second].map(heardAll));
    for (const worker of [first, second]) {
      expect((await worker.chat({ caller })).error?.code).toBe(Code.ResourceExhausted);
      expect((await worker.chat({ caller: "team-b" })).error).toBeUndefined();
    }
    const next = await replaceFirst(gateway, first);
    expect((await next.chat({ caller })).error?.code).toBe(Code.ResourceExhausted);
    expect(upstream.requests).toHaveLength(4);
    const warnings = gateway.process.log.filter((line) => line["event"] === "budget_warning");
    expect(warnings).toHaveLength(1);
  }, 60_000);

  it("counts what calls under way elsewhere may cost, until they end", async () => {
    const gate = Promise.withResolvers<void>();
    upstream.become((index) => (index === 0 ? answersAfter(gate.promise) : answers()));
    // One answer of at most 1024 tokens is estimated at about 0.002 USD.
    await using gateway = await start(["a"], `budgets: [{ caller: ${caller}, perDay: "0.003" }]\n`);
    const [first, second] = await both(gateway);
    const running = first.chat({ caller });
    await upstream.received(1);
    await heardAll(second);
    expect((await second.chat({ caller })).error?.code).toBe(Code.ResourceExhausted);
    gate.resolve();
    expect((await running).error).toBeUndefined();
    await expect.poll(async () => (await second.chat({ caller })).error, patient).toBeUndefined();
  }, 60_000);

  it("gets back what was set aside for the calls of a worker that died", async () => {
    upstream.become((index) =>
      index === 0 ? { name: "hangs", answer: (exchange) => exchange.hang() } : answers(),
    );
    await using gateway = await start(["a"], `budgets: [{ caller: ${caller}, perDay: "0.003" }]\n`);
    const [first, second] = await both(gateway);
    void first.chat({ caller });
    await upstream.received(1);
    await heardAll(second);
    expect((await second.chat({ caller })).error?.code).toBe(Code.ResourceExhausted);
    process.kill(first.pid, "SIGKILL");
    await expect.poll(async () => (await second.chat({ caller })).error, patient).toBeUndefined();
  }, 60_000);
});

describe("a canary", () => {
  let young: FaultyUpstream;
  beforeEach(async () => {
    young = await startFaultyUpstream(() => refuses(500));
  });
  afterEach(() => young.close());

  const config = (more: string): string => `
upstreams:
  old: { baseUrl: "${upstream.baseUrl}", keys: [{ id: old, env: KEY_OLD }] }
  new: { baseUrl: "${young.baseUrl}", keys: [{ id: new, env: KEY_NEW }] }
models: { acme/main: { upstreams: [old, new] } }
tiers: { simple: [acme/main], standard: [acme/main], advanced: [acme/main] }
canary: { stable: old, canary: new, weightPercent: 5 }
# So that it is the evidence that speaks, and no breaker.
breaker: { minimumRequests: 1000, consecutiveFailures: 1000 }
retry: { budgetPerSecond: 1000 }
simulator: { enabled: false }
drain: { delayMs: 0, graceMs: 1000 }
workers: 2
${more}`;

  it("is judged by the calls of all workers, given up by all at once, and armed again by all", async () => {
    await using gateway = await startWorkerGateway({ config: config("") });
    const callers = await both(gateway);
    const operators = await gateway.operators();
    const statuses = async () =>
      Promise.all(operators.map(async ({ client }) => (await client.getCanary({})).canary!));

    let canaryCalls = 0;
    while (!(await statuses()).some(({ rolledBack }) => rolledBack)) {
      const worker = callers[canaryCalls % 2]!;
      for (let n = 0; n < 10; n++) {
        await Promise.all(callers.map(({ chat }) => chat({ affinityKey: keyOf("stable") })));
      }
      await worker.chat({ affinityKey: keyOf("canary") });
      canaryCalls += 1;
      // Ten calls convince; of its own, no worker has seen as many.
      expect(canaryCalls).toBeLessThan(16);
      await Promise.all(callers.map(heardAll));
    }
    await expect
      .poll(async () => (await statuses()).map(({ rolledBack }) => rolledBack), { timeout: 3_000 })
      .toEqual([true, true]);
    const [one, two] = await statuses();
    expect(one!.rollbackReason).toBe(two!.rollbackReason);
    expect([one!.weightBasisPoints, two!.weightBasisPoints]).toEqual([0, 0]);
    await Promise.all(callers.map(heardAll));
    const asked = young.requests.length;
    for (const { chat } of callers) await chat({ affinityKey: keyOf("canary") });
    expect(young.requests).toHaveLength(asked);

    await operators[0]!.client.setCanary({ weightBasisPoints: 700 });
    await expect
      .poll(async () => (await statuses()).map(({ weightBasisPoints }) => weightBasisPoints), {
        timeout: 3_000,
      })
      .toEqual([700, 700]);
    expect((await statuses()).map(({ canary }) => canary?.requests)).toEqual([0n, 0n]);
  }, 60_000);
});

describe("what an operator asks of one worker", () => {
  it("reads a changed config for all of them, and for one that starts later", async () => {
    const file = join(folder, "reload.yaml");
    const text = (keys: readonly string[]): string => oneUpstream(upstream.baseUrl, keys, "workers: 2\n");
    writeFileSync(file, text(["a"]));
    const env = { SWITCHYARD_CONFIG: file, KEY_A: `${anyKey}-KEY_A`, KEY_B: `${anyKey}-KEY_B` };
    await using gateway = await startWorkerGateway({
      config: text(["a"]),
      env: { ...env, HOME: folder },
    });
    let operators = await gateway.operators();
    const keyIds = (): Promise<readonly string[]> =>
      Promise.all(
        operators.map(async ({ client }) =>
          (await client.listKeys({})).keys.map(({ keyId }) => keyId).join(),
        ),
      );
    expect(await keyIds()).toEqual(["a", "a"]);
    writeFileSync(file, text(["b"]));
    await operators[0]!.client.reloadConfig({});
    await expect.poll(keyIds, patient).toEqual(["b", "b"]);

    writeFileSync(file, text(["b", "a"]));
    gateway.process.signal("SIGHUP");
    await expect.poll(keyIds, patient).toEqual(["b,a", "b,a"]);

    // Edited, and nobody has asked for it to be read.
    writeFileSync(file, text(["a"]));
    const [first] = await both(gateway);
    await replaceFirst(gateway, first);
    operators = await gateway.operators();
    expect(await keyIds()).toEqual(["b,a", "b,a"]);
    const revisions = (await gateway.callers()).map(({ client }) => client.health({}));
    expect(new Set((await Promise.all(revisions)).map(({ configRevision }) => configRevision)).size).toBe(1);
    expect(gateway.process.log.filter(({ event }) => event === "reload")).toHaveLength(2);
  }, 60_000);

  it("rotates a key for all of them, and for one that starts later", async () => {
    const file = join(folder, "rotated");
    writeFileSync(file, `${anyKey}-KEY_OLD`);
    const config = oneUpstream(upstream.baseUrl, ["a"], "workers: 2\n").replace(
      "env: KEY_A",
      `file: ${file}`,
    );
    await using gateway = await startWorkerGateway({ config });
    const [first, second] = await both(gateway);
    const [operator] = await gateway.operators();
    writeFileSync(file, `${anyKey}-KEY_NEW`);
    await operator!.client.rotateKey({ upstream: "main", keyId: "a" });
    await Promise.all([first, second].map(heardAll));
    for (const { chat } of [first, second]) expect((await chat()).error).toBeUndefined();

    // Nothing that could be a key: what was read before goes on.
    writeFileSync(file, "");
    const next = await replaceFirst(gateway, first);
    expect((await next.chat()).error).toBeUndefined();
    expect(keysSent()).toEqual(["NEW", "NEW", "NEW"]);
    expect(gateway.process.log.filter(({ event }) => event === "keys")).toHaveLength(1);
    await expect(operator!.client.rotateKey({ upstream: "main", keyId: "b" })).rejects.toThrow("no key");
  }, 60_000);
});

describe("what is shown", () => {
  it("is of all workers: calls under way, metrics, and the report with every call that has ended", async () => {
    const gates: (() => void)[] = [];
    upstream.become(() => ({
      name: "answers once it may",
      answer: async (exchange) => {
        await new Promise<void>((resolve) => gates.push(resolve));
        await answers().answer(exchange);
      },
    }));
    await using gateway = await start(["a"]);
    const callers = await both(gateway);
    const running = callers.map(({ chat }) => chat());
    await upstream.received(2);
    for (const { client } of callers) {
      const { deployments } = await client.health({});
      expect(deployments.map(({ inFlight }) => inFlight)).toEqual([2]);
    }
    for (const open of gates) open();
    await Promise.all(running);
    const [operator] = await gateway.operators();
    const { models } = await operator!.client.getReport({});
    expect(models.map(({ model, requests }) => [model, requests])).toEqual([["acme/main", 2n]]);

    const scraped = await (await fetch(`http://${gateway.process.addresses.operator}/metrics`)).text();
    const attempts = scraped.split("\n").filter((line) => line.startsWith("switchyard_attempts_total{"));
    expect(attempts.map((line) => [/worker="(\d)"/.exec(line)?.[1], line.split(" ").at(-1)])).toEqual([
      ["1", "1"],
      ["2", "1"],
    ]);
    expect(scraped.match(/^# TYPE switchyard_attempts_total /gm)).toHaveLength(1);
    const { startTime } = await callers[0].client.health({});
    expect((await callers[1].client.health({})).startTime).toEqual(startTime);
  }, 60_000);

  it("is every decision, past and to come, whichever worker somebody watches", async () => {
    await using gateway = await start(["a"]);
    const [first, second] = await both(gateway);
    const { answer } = await first.chat();
    const stop = new AbortController();
    for (const { client } of await gateway.operators()) {
      const seen: (string | undefined)[] = [];
      const answers = [answer];
      for await (const { decision } of client.watchDecisions({ backlog: 1 }, { signal: stop.signal })) {
        seen.push(decision?.decisionId);
        if (seen.length === 3) break;
        const caller = seen.length === 1 ? first : second;
        answers.push((await caller.chat()).answer);
      }
      expect(seen.slice(1)).toEqual(answers.slice(1).map((answered) => answered?.route?.decisionId));
      expect(seen[0]).toBeDefined();
    }
    stop.abort();
  }, 60_000);

  it("is kept: of many calls at once through both workers the ledger loses none", async () => {
    const path = join(folder, "many.db");
    await using gateway = await start(["a"], `ledger: { path: ${path} }\n`);
    const callers = await both(gateway);
    const calls = Array.from({ length: 400 }, (_, n) => callers[n % 2]!.chat());
    expect((await Promise.all(calls)).filter(({ error }) => error !== undefined)).toEqual([]);
    gateway.process.signal("SIGTERM");
    expect(await gateway.process.ended).toBe(0);
    using database = new DatabaseSync(path, { readOnly: true });
    const row = database.prepare("SELECT count(*) AS calls FROM switchyard_attempts").get();
    expect(row?.["calls"]).toBe(400);
    expect(gateway.process.log.filter(({ level }) => level === "warn" || level === "error")).toEqual([]);
  }, 60_000);
});
