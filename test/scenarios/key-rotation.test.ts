import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { KeyState, type KeyStatus } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import { type Behaviour, type FaultyUpstream, startFaultyUpstream } from "../support/faulty-upstream.ts";
import { anyKey } from "../support/parsed-config.ts";
import { type ScenarioWorld, startScenario } from "../support/scenario-world.ts";
import {
  answers,
  chunkEvent,
  httpChunk,
  httpResponse,
  refuses,
  wholeEvents,
} from "../support/upstream-behaviours.ts";

/** The n-th secret; its number is all that a test looks at. */
const secret = (n: number): string => `${anyKey}-secret-${n}`;
const sentKey = (headers: Readonly<Record<string, string>>): string =>
  (headers["authorization"] ?? "").replace(/^Bearer .*-(?:secret|KEY)[-_]/, "");

/** One model at one upstream, and nothing to fall back to: whatever goes wrong, the caller sees. */
const configOf = (baseUrl: string, keys: string, more = ""): string => `
upstreams:
  main: { baseUrl: "${baseUrl}", keys: [${keys}] }
models:
  acme/main: { upstreams: [main] }
tiers: { standard: [acme/main] }
drain: { delayMs: 0, graceMs: 1000 }
ledger: { off: true }
simulator: { enabled: false }
${more}`;

const fileKey = "{ id: a, file: run/key }";

let folder: string;
let main: FaultyUpstream;
let world: ScenarioWorld;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "switchyard-rotation-"));
  mkdirSync(join(folder, "run"));
});
afterEach(async () => {
  await world.close();
  await main.close();
  rmSync(folder, { recursive: true });
});

interface StartOptions {
  readonly keys?: string;
  readonly script?: (key: string, stream: boolean) => Behaviour;
  /** Lays out the first secret; by default in a plain file. */
  readonly layOut?: (first: string) => void;
}

async function start({
  keys = fileKey,
  script = () => answers(),
  layOut = inPlace,
}: StartOptions = {}): Promise<void> {
  main = await startFaultyUpstream((_, request) =>
    script(sentKey(request.headers), request.json()["stream"] === true),
  );
  const config = configOf(main.baseUrl, keys);
  writeFileSync(join(folder, "switchyard.yaml"), config);
  layOut(secret(1));
  world = await startScenario({ config, listener: "grpc", cwd: folder, files: { "run/key": secret(1) } });
}

function inPlace(content: string): void {
  writeFileSync(join(folder, "run/key"), content);
}

function byRename(content: string): void {
  writeFileSync(join(folder, "run/.key.new"), content);
  renameSync(join(folder, "run/.key.new"), join(folder, "run/key"));
}

let version = 0;
/** As the kubelet does it: `key` is a link into `..data`, which is a link that is swapped. */
function asKubernetes(content: string): void {
  version += 1;
  const run = join(folder, "run");
  mkdirSync(join(run, `..v${version}`));
  writeFileSync(join(run, `..v${version}`, "key"), content);
  symlinkSync(`..v${version}`, join(run, "..data_tmp"));
  renameSync(join(run, "..data_tmp"), join(run, "..data"));
  try {
    symlinkSync("..data/key", join(run, "key"));
  } catch {
    // There from the first time.
  }
}

/** A link whose target is in a folder that nobody watches: only looking finds the change. */
function farAway(content: string): void {
  const away = join(folder, "away");
  mkdirSync(away, { recursive: true });
  writeFileSync(join(away, "key.new"), content);
  renameSync(join(away, "key.new"), join(away, "key"));
  try {
    symlinkSync(join(away, "key"), join(folder, "run/key"));
  } catch {
    // There from the first time.
  }
}

const keyStatus = async (id = "a"): Promise<KeyStatus | undefined> =>
  (await world.operator.listKeys({})).keys.find(({ keyId }) => keyId === id);
const linesOf = (event: string) => world.log.filter((line) => line["event"] === event);
const sentKeys = (): readonly string[] => main.requests.map(({ headers }) => sentKey(headers));

/** Calls until one was made with that secret; every call must succeed. */
async function callUntil(key: string): Promise<void> {
  for (;;) {
    expect(await world.chat()).toMatchObject({ code: "OK" });
    if (sentKeys().at(-1) === key) return;
    await sleep(5);
  }
}

describe("a call under way finishes on the old key while new ones use the new one", () => {
  const triggers: readonly {
    readonly name: string;
    readonly layOut: (content: string) => void;
    readonly ask?: () => Promise<unknown>;
  }[] = [
    { name: "when its file is written in place", layOut: inPlace },
    { name: "when another file takes its name", layOut: byRename },
    { name: "when Kubernetes swaps the folder that it links into", layOut: asKubernetes },
    { name: "when a link leads to a folder that nobody watches", layOut: farAway },
    {
      name: "at RotateKey",
      layOut: inPlace,
      ask: () => world.operator.rotateKey({ upstream: "main", keyId: "a" }),
    },
    { name: "at ReloadConfig", layOut: byRename, ask: () => world.operator.reloadConfig({}) },
    { name: "at a reload, as SIGHUP asks for it", layOut: inPlace, ask: () => world.gateway.reload() },
  ];
  for (const { name, layOut, ask } of triggers) {
    it(name, { timeout: 30_000 }, async () => {
      const release = Promise.withResolvers<void>();
      await start({
        layOut,
        script: (key, stream) => (key === "1" && stream ? holdsStream(release.promise) : answers()),
      });
      const begun = Promise.withResolvers<void>();
      const stream = world.chatStream({
        onEvent: (event) => {
          if (event === "delta") begun.resolve();
        },
      });
      await begun.promise;
      layOut(secret(2));
      // What an operator asks for is done once it is answered; nobody knows when a file is seen.
      await ask?.();
      if (ask === undefined) await callUntil("2");
      else {
        expect(await world.chat()).toMatchObject({ code: "OK" });
        expect(sentKeys()).toEqual(["1", "2"]);
      }
      release.resolve();
      expect(await stream).toMatchObject({ code: "OK", text: "held Hello, world" });
      expect(sentKeys()[0]).toBe("1");
      expect(linesOf("keys")).toMatchObject([{ upstream: "main", rotated: ["a"], order: ["a"] }]);
      expect(JSON.stringify(world.log)).not.toContain("-secret-");
    });
  }
});

/** A stream that says one thing at once, and the rest when it is told to. */
function holdsStream(until: Promise<void>): Behaviour {
  return {
    name: "holds a stream",
    answer: async (exchange) => {
      const headers = { "content-type": "text/event-stream", "transfer-encoding": "chunked" };
      await exchange.write(httpResponse(200, headers));
      await exchange.write(httpChunk(chunkEvent({ content: "held " })));
      await until;
      for (const event of wholeEvents()) await exchange.write(httpChunk(event));
      await exchange.write(httpChunk(""));
    },
  };
}

/** Waits with its answer until it is told to give it. */
function waits(until: Promise<void>, then: Behaviour): Behaviour {
  return {
    name: `waits, then ${then.name}`,
    answer: async (exchange) => {
      await until;
      await then.answer(exchange);
    },
  };
}

describe("a stream of calls", () => {
  it("sees no failure in twenty rotations, whoever triggers them", { timeout: 60_000 }, async () => {
    let newest = 1;
    // The provider takes the newest key and the one before it, as long as both are announced; no older one.
    await start({
      script: (key) => (Number(key) >= newest - 1 ? answers() : refuses(401)),
    });
    const triggers = [
      async () => undefined,
      () => world.operator.rotateKey({ upstream: "main", keyId: "a" }),
      () => world.operator.reloadConfig({}),
      () => world.gateway.reload(),
      // All of them at once, and the file's own change with them.
      () =>
        Promise.all([
          world.operator.rotateKey({ upstream: "main", keyId: "a" }),
          world.operator.rotateKey({ upstream: "main", keyId: "a" }),
          world.gateway.reload(),
          world.operator.reloadConfig({}),
        ]),
    ];
    const over = new AbortController();
    const failed: unknown[] = [];
    const callers = Array.from({ length: 8 }, async (_, caller) => {
      while (!over.signal.aborted) {
        const seen = await (caller % 2 === 0 ? world.chat() : world.chatStream());
        if (seen.code !== "OK") failed.push(seen);
        // What fails would else fail a thousand times before anybody looks.
        if (failed.length > 0) return;
      }
    });
    for (let round = 1; round <= 20; round++) {
      newest = round + 1;
      (round % 3 === 0 ? byRename : inPlace)(secret(newest));
      await triggers[round % triggers.length]!();
      await expect.poll(() => sentKeys().at(-1), { timeout: 20_000, interval: 5 }).toBe(`${newest}`);
    }
    over.abort();
    await Promise.all(callers);
    expect(failed).toEqual([]);
    expect(new Set(sentKeys()).size).toBe(21);
    expect(linesOf("keys")).toHaveLength(20);
    expect(await keyStatus()).toMatchObject({ state: KeyState.USABLE });
  });
});

describe("a new secret", () => {
  it("takes its key out of quarantine at once, and its time of loading tells of it", async () => {
    await start({ script: (key) => (key === "1" ? refuses(401) : answers()) });
    expect(await world.chat()).toMatchObject({ code: "UNAVAILABLE", reason: "UPSTREAM_AUTH" });
    const before = await keyStatus();
    expect(before).toMatchObject({ state: KeyState.QUARANTINED });
    expect(main.requests).toHaveLength(1);
    // Read again, the same secret stays where it is.
    const { key: same } = await world.operator.rotateKey({ upstream: "main", keyId: "a" });
    expect(same).toMatchObject({ state: KeyState.QUARANTINED });
    byRename(secret(2));
    const { key } = await world.operator.rotateKey({ upstream: "main", keyId: "a" });
    expect(key).toMatchObject({ upstream: "main", keyId: "a", state: KeyState.USABLE });
    expect(key?.readyTime).toBeUndefined();
    expect(timestampMs(key!.loadTime!)).toBeGreaterThan(timestampMs(before!.loadTime!));
    expect(await world.chat()).toMatchObject({ code: "OK" });
    expect(sentKeys()).toEqual(["1", "2"]);
  });

  it("answers a call whose key was taken away while it was under way, in the same call", async () => {
    const revoked = Promise.withResolvers<void>();
    await start({ script: (key) => (key === "1" ? waits(revoked.promise, refuses(401)) : answers()) });
    const call = world.chat();
    await main.received(1);
    inPlace(secret(2));
    await world.operator.rotateKey({ upstream: "main", keyId: "a" });
    revoked.resolve();
    const seen = await call;
    expect(seen).toMatchObject({ code: "OK", route: { attemptCount: 2 } });
    expect(seen.route?.attempts.map(({ keyId }) => keyId)).toEqual(["a", "a"]);
    expect(sentKeys()).toEqual(["1", "2"]);
    // What the old one met says nothing of the new one.
    expect(await keyStatus()).toMatchObject({ state: KeyState.USABLE });
  });
});

describe("a file without a key", () => {
  const bad: readonly { readonly name: string; readonly make: () => void; readonly why: RegExp }[] = [
    { name: "malformed", make: () => inPlace("hidden words of a key"), why: /space or a line break/ },
    { name: "empty", make: () => inPlace(""), why: /empty/ },
    { name: "gone", make: () => unlinkSync(join(folder, "run/key")), why: /does not exist/ },
  ];
  for (const { name, make, why } of bad) {
    it(
      `that is ${name} keeps the key that it held, with a warning that shows nothing of it`,
      { timeout: 30_000 },
      async () => {
        await start();
        make();
        await expect
          .poll(() => linesOf("key-kept"), { timeout: 20_000 })
          .toMatchObject([
            {
              level: "warn",
              upstream: "main",
              key_id: "a",
              trigger: "file",
              msg: expect.stringMatching(why),
            },
          ]);
        const error = await world.operator.rotateKey({ upstream: "main", keyId: "a" }).then(
          () => undefined,
          (cause: unknown) => ConnectError.from(cause),
        );
        expect(error?.code).toBe(Code.FailedPrecondition);
        expect(error?.rawMessage).toMatch(why);
        expect((await world.operator.reloadConfig({})).needsRestart).toEqual([]);
        expect(await world.chat()).toMatchObject({ code: "OK" });
        byRename(secret(2));
        await callUntil("2");
        expect(sentKeys()[0]).toBe("1");
        expect(`${JSON.stringify(world.log)}${error?.rawMessage}`).not.toMatch(/hidden words|-secret-/);
      },
    );
  }
});

describe("a configuration that is read again", () => {
  const rewrite = (keys: string, more = "", baseUrl = main.baseUrl): void =>
    writeFileSync(join(folder, "switchyard.yaml"), configOf(baseUrl, keys, more));
  const reloads = [
    { name: "a reload, as SIGHUP asks for it,", reload: () => world.gateway.reload() },
    { name: "ReloadConfig", reload: () => world.operator.reloadConfig({}) },
  ];
  for (const { name, reload } of reloads) {
    it(`adds and retires keys at ${name}, and a call under way finishes on a retired one`, async () => {
      const release = Promise.withResolvers<void>();
      await start({
        keys: "{ id: a, file: run/key }, { id: b, env: KEY_B }",
        script: (_, stream) => (stream ? holdsStream(release.promise) : answers()),
      });
      const stream = world.chatStream();
      await main.received(1);
      writeFileSync(join(folder, "run/third"), secret(3));
      rewrite("{ id: c, file: run/third }, { id: b, env: KEY_B }");
      await reload();
      expect(await world.chat()).toMatchObject({ code: "OK" });
      expect(sentKeys()).toEqual(["1", "3"]);
      const { keys } = await world.operator.listKeys({});
      expect(keys.map(({ keyId }) => keyId)).toEqual(["c", "b"]);
      expect(linesOf("keys")).toMatchObject([
        { added: ["c"], retired: ["a"], rotated: [], order: ["c", "b"] },
      ]);
      expect(linesOf("reload")).toMatchObject([{ level: "info", needs_restart: [] }]);
      release.resolve();
      expect(await stream).toMatchObject({ code: "OK", text: "held Hello, world" });
      // The file that came is watched as those of the start are.
      writeFileSync(join(folder, "run/third"), secret(4));
      await callUntil("4");
    });

    it(`names at ${name} what waits for a restart, and takes up the keys all the same`, async () => {
      await start();
      rewrite("{ id: a, file: run/key }, { id: b, env: KEY_B }", "hedge: { enabled: true }");
      inPlace(secret(2));
      await reload();
      expect(linesOf("reload")).toMatchObject([{ level: "warn", needs_restart: ["hedge"] }]);
      expect(await world.operator.reloadConfig({ validateOnly: true })).toMatchObject({
        differences: ["hedge"],
        needsRestart: ["hedge"],
      });
      expect(linesOf("config").at(-1)).toMatchObject({ msg: expect.stringContaining("KEY_B is not set") });
      expect(await world.chat()).toMatchObject({ code: "OK" });
      expect(sentKeys()).toEqual(["2"]);
    });
  }

  it("sends no key to an address that it was not written for", async () => {
    await start();
    const elsewhere = await startFaultyUpstream(() => answers());
    writeFileSync(join(folder, "run/other"), secret(9));
    rewrite("{ id: a, file: run/other }", "", elsewhere.baseUrl);
    expect(await world.operator.reloadConfig({})).toMatchObject({ needsRestart: ["upstreams"] });
    expect(await world.chat()).toMatchObject({ code: "OK" });
    expect(sentKeys()).toEqual(["1"]);
    expect(elsewhere.requests).toHaveLength(0);
    await elsewhere.close();
  });

  it("changes nothing where it is not valid, and says why", async () => {
    await start();
    rewrite("{ id: a, file: run/key }, { id: c, file: run/key }", "workers: none");
    await world.gateway.reload();
    expect(linesOf("reload")).toMatchObject([
      { level: "error", problems: [expect.stringMatching(/^workers \(line \d+\)/)] },
    ]);
    const error = await world.operator.reloadConfig({}).catch((cause: unknown) => ConnectError.from(cause));
    expect(error).toMatchObject({ code: Code.InvalidArgument });
    expect(await world.chat()).toMatchObject({ code: "OK" });
    expect((await world.operator.listKeys({})).keys.map(({ keyId }) => keyId)).toEqual(["a"]);
  });
});

describe("RotateKey", () => {
  it("knows no key that does not serve", async () => {
    await start();
    for (const [upstream, keyId] of [
      ["main", "b"],
      ["spare", "a"],
    ] as const) {
      const error = await world.operator
        .rotateKey({ upstream, keyId })
        .catch((cause: unknown) => ConnectError.from(cause));
      expect(error).toMatchObject({ code: Code.NotFound });
    }
    expect(linesOf("audit")).toEqual([]);
  });

  it("tells who rotated which key", async () => {
    await start();
    await world.operator.rotateKey(
      { upstream: "main", keyId: "a" },
      { headers: { "x-switchyard-caller": "somebody" } },
    );
    expect(linesOf("audit")).toMatchObject([{ caller: "somebody", upstream: "main", key_id: "a" }]);
  });
});
