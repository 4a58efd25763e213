// What calls leave in the ledger, and what the report makes of it, over real sockets.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GetReportResponse } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import { BreakerState, CanaryArm } from "../../gen/switchyard/v1/routing_pb.ts";
import { keyOf } from "../support/canary-calls.ts";
import { type FaultyUpstream, startFaultyUpstream } from "../support/faulty-upstream.ts";
import { limitsOf, type ScenarioWorld, startScenario, twoUpstreams } from "../support/scenario-world.ts";
import { mountSmallDisk } from "../support/small-disk.ts";
import { answers, hangsBeforeHeaders, refuses } from "../support/upstream-behaviours.ts";

let folder: string;
let main: FaultyUpstream;
let spare: FaultyUpstream;
let world: ScenarioWorld;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "switchyard-ledger-"));
  main = await startFaultyUpstream(() => answers());
  spare = await startFaultyUpstream(() => answers({ usage: { prompt_tokens: 7, completion_tokens: 11 } }));
});
afterEach(async () => {
  await world.close();
  await main.close();
  await spare.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(ledger = "{ path: ledger.db }"): Promise<void> {
  const limits = limitsOf({ ledger });
  const config = twoUpstreams(main.baseUrl, spare.baseUrl, limits);
  world = await startScenario({ config, listener: "grpc", cwd: folder });
}

const report = (): Promise<GetReportResponse> => world.operator.getReport({});

async function codeOf(call: Promise<unknown>): Promise<Code | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    return ConnectError.from(error).code;
  }
}

describe("the report of a gateway", () => {
  it("holds every call that ended before it was asked for, with what each attempt cost", async () => {
    await start();
    const costs: bigint[] = [];
    const send = async (times: number): Promise<void> => {
      for (let sent = 0; sent < times; sent++) {
        const seen = await world.chat();
        costs.push(seen.route?.totalCost?.nanosUsd ?? 0n);
      }
    };
    await send(3);
    main.become(() => refuses(500));
    await send(2);
    main.become(() => refuses(400));
    await send(1);
    spare.become(() => refuses(500));
    main.become(() => refuses(500));
    expect((await world.chat({ timeoutMs: 400 })).code).not.toBe("OK");

    const { arms, models, change, singleModel, singleModelCost } = await report();
    expect(arms).toHaveLength(1);
    expect(arms[0]).toMatchObject({
      arm: CanaryArm.STABLE,
      requests: 7n,
      failures: 1n,
      rescued: 2n,
      refused: 1n,
      cancelled: 0n,
      inputTokens: 3n * 3n + 2n * 7n,
      outputTokens: 3n * 3n + 2n * 11n,
      errorRate: 3 / 6,
      availability: 5 / 6,
      unpricedAttempts: 0n,
    });
    // 3 × (3 × 1 + 3 × 2) and 2 × (7 × 1 + 11 × 2) millionths of a dollar.
    expect(arms[0]?.cost).toMatchObject({ nanosUsd: 85_000n, unpriced: false });
    expect(costs.reduce((sum, cost) => sum + cost, 0n)).toBe(85_000n);
    expect(models.map(({ model, requests }) => [model, requests])).toEqual([
      ["acme/main", 7n],
      ["acme/spare", 3n],
    ]);
    expect(models[0]).toMatchObject({ availability: 3 / 6, refused: 1n });
    expect(change).toBeUndefined();
    expect(singleModelCost).toMatchObject({ nanosUsd: 85_000n });
    expect(["acme/main", "acme/spare"]).toContain(singleModel);
  });

  it("outlives the gateway", async () => {
    await start();
    await world.chat();
    await world.close();
    await start();
    await world.chat();
    expect((await report()).arms[0]?.requests).toBe(2n);
  });

  it("counts a caller who left, and one that no deployment could take", async () => {
    main.become(() => hangsBeforeHeaders);
    await start();
    const caller = new AbortController();
    const left = world.chat({ signal: caller.signal });
    await expect.poll(() => main.requests.length).toBe(1);
    caller.abort();
    expect((await left).code).toBe("CANCELLED");
    await expect.poll(async () => (await report()).arms[0]?.cancelled).toBe(1n);

    for (const deployment of ["acme/main@main", "acme/spare@spare"]) {
      await world.operator.setBreaker({ deployment, state: BreakerState.OPEN, ttl: durationFromMs(60_000) });
    }
    expect((await world.chat()).code).toBe("UNAVAILABLE");
    const { arms, models } = await report();
    expect(arms[0]).toMatchObject({ requests: 2n, failures: 1n, attempts: 1n, availability: 0 });
    expect(models).toHaveLength(1);
  });

  it("is of the time that it is asked for", async () => {
    await start();
    await world.chat();
    const startTime = timestampFromMs(Date.now() + 60_000);
    const endTime = timestampFromMs(Date.now() + 120_000);
    expect((await world.operator.getReport({ startTime, endTime })).arms).toEqual([]);
    expect(await codeOf(world.operator.getReport({ startTime: endTime, endTime: startTime }))).toBe(
      Code.InvalidArgument,
    );
  });

  it("compares the arms of a canary, and takes a rescued canary call for an error", async () => {
    main.become(() => refuses(500));
    const config = `
upstreams:
  old: { baseUrl: "${spare.baseUrl}", keys: [{ id: old, env: KEY_OLD }] }
  new: { baseUrl: "${main.baseUrl}", keys: [{ id: new, env: KEY_NEW }] }
models:
  acme/a: { upstreams: [old, new], price: { inputPerMTok: "1.00", outputPerMTok: "2.00" } }
  acme/only-old: { upstreams: [old] }
tiers: { simple: [acme/a], standard: [acme/a], advanced: [acme/a] }
canary: { stable: old, canary: new, weightPercent: 5, autoRollback: false }
ledger: { path: ledger.db }
drain: { delayMs: 0, graceMs: 1000 }
simulator: { enabled: false }
`;
    world = await startScenario({ config, listener: "grpc", cwd: folder });
    const send = (arm: "stable" | "canary") =>
      world.chat({ model: "acme/a", routing: { affinityKey: keyOf(arm) } });
    for (const arm of ["stable", "stable", "canary"] as const) expect((await send(arm)).code).toBe("OK");
    await world.chat({ model: "acme/only-old" });

    const { arms, change } = await report();
    expect(
      arms.map(({ arm, requests, errorRate, availability }) => [arm, requests, errorRate, availability]),
    ).toEqual([
      [CanaryArm.STABLE, 2n, 0, 1],
      [CanaryArm.CANARY, 1n, 1, 1],
      [CanaryArm.UNSPECIFIED, 1n, 0, 1],
    ]);
    expect(arms[2]).toMatchObject({ unpricedAttempts: 1n, cost: { unpriced: true } });
    // Nobody bills the attempt that failed.
    expect(change).toMatchObject({ availability: 0, costPerRequest: 0 });
    expect(change?.errorRate).toBeUndefined();
  });
});

describe("a gateway without its ledger", () => {
  it("serves while its database is away, says so once, and has no report", async () => {
    // Nobody listens on port 1.
    await start("{ url: postgres://nobody:hunter2-hunter2@127.0.0.1:1/x }");
    for (let sent = 0; sent < 3; sent++) expect((await world.chat()).code).toBe("OK");
    expect(await codeOf(report())).toBe(Code.Unavailable);
    const told = world.log.filter(({ event }) => event === "ledger");
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({ level: "warn", code: "ECONNREFUSED", place: "postgres://127.0.0.1:1/x" });
    expect(JSON.stringify(world.log)).not.toContain("hunter2");
  });

  it("has no report where the config turns it off", async () => {
    await start("{ off: true }");
    await world.chat();
    expect(await codeOf(report())).toBe(Code.FailedPrecondition);
  });
});

const disk = mountSmallDisk();
afterAll(() => disk?.[Symbol.dispose]());
const fullDisk = "a gateway whose disk is full";
describe.skipIf(disk === undefined)(
  disk === undefined ? `${fullDisk} (skipped: this user may not mount one)` : fullDisk,
  () => {
    const metric = async (name: string): Promise<number> => {
      const text = await (await fetch(`http://${world.gateway.addresses.operator}/metrics`)).text();
      return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\d+)$`, "m").exec(text)?.[1] ?? 0);
    };
    const told = () => world.log.filter(({ event, level }) => event === "ledger" && level === "warn");

    /** A gateway that has written one record, and calls of which none fails, until the next write does. */
    async function untilFull(name: string): Promise<number> {
      await start(`{ path: "${join(disk!.folder, name)}" }`);
      await world.chat();
      await expect.poll(() => metric("switchyard_ledger_records_total")).toBe(1);
      disk!.fill();
      let calls = 1;
      while ((await metric("switchyard_ledger_failures_total")) === 0) {
        expect((await world.chat()).code).toBe("OK");
        calls += 1;
      }
      return calls;
    }

    it("serves on, says so once, and keeps every record once there is room again", async () => {
      const calls = await untilFull("waits.db");
      expect(told()).toMatchObject([{ code: "SQLITE_FULL" }]);
      expect(await metric("switchyard_ledger_waiting")).toBeGreaterThan(0);
      for (let call = 0; call < 3; call += 1) expect((await world.chat()).code).toBe("OK");
      disk!.free();
      expect((await report()).arms[0]?.requests).toBe(BigInt(calls + 3));
      expect(told()).toHaveLength(1);
    });

    it("counts and tells what it could not keep when it ends", async () => {
      const calls = await untilFull("lost.db");
      const written = await metric("switchyard_ledger_records_total");
      expect((await world.chat()).code).toBe("OK");
      await world.close();
      expect(told()).toMatchObject([{ code: "SQLITE_FULL" }, { records: calls + 1 - written }]);
      disk!.free();
    });
  },
);
