import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { durationMs, timestampMs } from "@bufbuild/protobuf/wkt";
import * as fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import {
  ExplainRouteRequestSchema,
  type ExplainRouteResponse,
  type GetCanaryResponse,
  KeyState,
  type ListKeysResponse,
  OperatorService,
  type ReloadConfigResponse,
  type RotateKeyResponse,
  type SetBreakerResponse,
  type SetCanaryResponse,
  type WatchDecisionsResponse,
} from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import {
  BreakerState,
  CanaryArm,
  CanaryMode,
  FallbackMode,
  SkipReason,
  Tier,
} from "../../gen/switchyard/v1/routing_pb.ts";
import { type ArmTotals, createArmTally } from "../../src/attempt/arm-tally.ts";
import type { CanaryReport, CanaryWatch } from "../../src/attempt/canary-watch.ts";
import { createFleet, type Fleet } from "../../src/attempt/fleet.ts";
import { compileCatalog } from "../../src/config/compile-catalog.ts";
import type { ConfigResult } from "../../src/config/config.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { planRoute } from "../../src/routing/plan-route.ts";
import { createDecisionFeed } from "../../src/rpc/decision-feed.ts";
import { createOperatorService } from "../../src/rpc/operator-service.ts";
import { readCallFacts } from "../../src/rpc/read-call-facts.ts";
import { RpcError } from "../../src/rpc/rpc-error.ts";
import { toDuration } from "../../src/rpc/wire-time.ts";
import { createKeyEvents } from "../../src/telemetry/key-events.ts";
import type { Log } from "../../src/telemetry/log.ts";
import { createKeyRotation } from "../../src/upstream/key-rotation.ts";
import type { KeyPool, KeySnapshot } from "../../src/upstream/key-pool.ts";
import type { Upstream } from "../../src/upstream/upstream.ts";
import { callContext, chatInput, routeDecisionOf } from "../support/call-samples.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";
import { anyKey, configOf, parse } from "../support/parsed-config.ts";
import { detailOf, errorOf } from "../support/rpc-error-details.ts";

const text = "canary: { stable: legacy, canary: holysheep, weightPercent: 50 }";
const env = { HOLYSHEEP_API_KEY: anyKey, OPENAI_API_KEY: `${anyKey}-2` };
const config = configOf(text, env);
const catalog = compileCatalog(config);
const epoch = 1_700_000_000_000;
const gpt = "openai/gpt-4.1@legacy";

interface World {
  readonly clock: ManualClock;
  readonly fleet: Fleet;
  readonly feed: ReturnType<typeof createDecisionFeed>;
  readonly audits: Readonly<Record<string, unknown>>[];
  /** Upstreams that were given other keys. */
  readonly replaced: readonly string[];
  readonly blockKeys: (blocked: ReturnType<KeyPool["blocked"]>) => void;
  readonly call: <T>(method: keyof typeof OperatorService.method, request?: object) => Promise<T>;
  readonly watch: (backlog: number, signal: AbortSignal) => AsyncIterator<WatchDecisionsResponse>;
}

const opened: Fleet[] = [];
afterEach(() => {
  for (const fleet of opened.splice(0)) fleet.close();
});

function world(
  options: {
    readonly reread?: () => ConfigResult;
    readonly report?: Ledger["report"];
    readonly canary?: Pick<CanaryWatch, "report" | "arm">;
  } = {},
): World {
  const clock = createManualClock();
  let blocked: ReturnType<KeyPool["blocked"]>;
  const keys: readonly KeySnapshot[] = [
    { keyId: "primary", state: "usable", readyAt: undefined, inFlight: 0, loadedAt: 500 },
    { keyId: "spare", state: "cooling", readyAt: 3_000, inFlight: 0, loadedAt: 500 },
  ];
  const upstream = (name: string): [string, Upstream] => [
    name,
    {
      name,
      keys: { size: 1, pick: () => undefined, blocked: () => blocked, snapshot: () => keys },
      address: { host: "127.0.0.1", port: 1 },
      complete: () => Promise.reject(new Error("not called")),
      stream: () => Promise.reject(new Error("not called")),
      close: () => Promise.resolve(),
    },
  ];
  const fleet = createFleet({
    catalog,
    config,
    upstreams: new Map([...config.upstreams.keys()].map(upstream)),
    now: clock.now,
    random: () => 0,
    setTimer: clock.setTimer,
    onTransition: () => {},
  });
  opened.push(fleet);
  const feed = createDecisionFeed(10);
  const audits: Readonly<Record<string, unknown>>[] = [];
  const replaced: string[] = [];
  const log: Log = {
    debug: () => {},
    warn: () => {},
    error: () => {},
    info: (fields) => {
      if (fields["event"] === "audit") audits.push(fields);
    },
  };
  const service = createOperatorService({
    catalog,
    planning: () => catalog,
    canary: options.canary,
    config,
    fleet,
    decisions: feed,
    ledger: { report: options.report ?? (() => Promise.resolve({ kind: "off" })) },
    newCallId: () => "CALL1",
    clock: { now: clock.now, wallClock: () => epoch + clock.now() },
    log,
    keys: createKeyRotation({
      config,
      env,
      cwd: "/",
      upstreams: new Map(
        [...config.upstreams.keys()].map((name) => [name, { replaceKeys: () => replaced.push(name) }]),
      ),
      readConfig: options.reread ?? (() => parse(text, env)),
      setTimer: clock.setTimer,
      events: createKeyEvents(log),
    }),
  });
  const invoke = (name: keyof typeof OperatorService.method, request: object, signal?: AbortSignal) =>
    service.methods
      .find(({ desc }) => desc.localName === name)!
      .invoke(
        create(OperatorService.method[name].input, request) as never,
        callContext(signal === undefined ? {} : { signal }),
      ) as unknown;
  return {
    clock,
    fleet,
    feed,
    audits,
    replaced,
    blockKeys: (value) => (blocked = value),
    call: <T>(method: keyof typeof OperatorService.method, request = {}) =>
      invoke(method, request) as Promise<T>,
    watch: (backlog, signal) =>
      (invoke("watchDecisions", { backlog }, signal) as AsyncIterable<WatchDecisionsResponse>)[
        Symbol.asyncIterator
      ](),
  };
}

type ExplainInit = Exclude<MessageInitShape<typeof ExplainRouteRequestSchema>, { $typeName: string }>;

const explain = (
  of: World,
  request: MessageInitShape<typeof ExplainRouteRequestSchema>,
): Promise<ExplainRouteResponse> => of.call<ExplainRouteResponse>("explainRoute", request);
const model = (value: string): ExplainInit["target"] => ({ target: { case: "model", value } });
const tier = (value: Tier): ExplainInit["target"] => ({ target: { case: "tier", value } });
const idsOf = ({ candidates }: ExplainRouteResponse) => candidates.map(({ deployment }) => deployment);

describe("ExplainRoute", () => {
  it("agrees with the planner that Chat asks, for any call", async () => {
    const of = world();
    const targets = fc.oneof(
      fc.constantFrom(...catalog.models.keys()).map(model),
      fc.constantFrom(Tier.SIMPLE, Tier.STANDARD, Tier.ADVANCED).map(tier),
      fc
        .constantFrom(...catalog.deployments.keys())
        .map((value) => ({ target: { case: "deployment" as const, value } })),
    );
    const routings = fc.record({
      canary: fc.constantFrom(CanaryMode.UNSPECIFIED, CanaryMode.EXCLUDE),
      affinityKey: fc.string({ maxLength: 8 }),
      requiredCapabilities: fc.subarray(["tools", "vision", "json_schema"]),
      fallback: fc.constantFrom(
        { mode: FallbackMode.UNSPECIFIED },
        { mode: FallbackMode.NONE },
        { mode: FallbackMode.SAME_MODEL },
        { mode: FallbackMode.CHAIN, models: ["google/gemini-exp"] },
      ),
    });
    await fc.assert(
      fc.asyncProperty(targets, routings, async (target, routing) => {
        const request = create(ExplainRouteRequestSchema, {
          target,
          routing,
          input: chatInput,
        } as ExplainInit);
        const read = readCallFacts(request, { defaultTier: catalog.defaultTier, requestId: "CALL1" });
        if (read.kind === "invalid") throw new Error("invalid");
        const result = planRoute(catalog, read.facts);
        const told = await explain(of, request);
        const all = result.kind === "rejected" ? result.rejection : result.plan;
        const excluded = "excluded" in all ? all.excluded : [];
        const out = told.candidates.filter(({ skipReason }) => skipReason !== SkipReason.UNSPECIFIED);
        expect(out.map(({ deployment }) => deployment)).toEqual(
          excluded.map(({ deployment }) => deployment.id),
        );
        // Where every candidate is ruled out, Chat refuses the call: there is no plan to compare.
        if (result.kind === "rejected") return;
        const { plan } = result;
        const own = plan.candidates.map(({ deployment }) => deployment.id);
        expect(idsOf(told).slice(0, own.length)).toEqual(own);
        expect(told.arm).toBe(plan.arm === "canary" ? CanaryArm.CANARY : CanaryArm.STABLE);
        expect(told.canaryBucket).toBe(plan.canaryBucket ?? 0);
      }),
    );
  });

  it("shows the fallback lists behind a named model, each deployment once", async () => {
    const ids = idsOf(
      await explain(world(), { target: model("openai/gpt-4.1"), routing: { canary: CanaryMode.EXCLUDE } }),
    );
    expect(ids[0]).toBe(gpt);
    expect(ids.slice(1)).toEqual([
      "google/gemini-2.5-flash-preview@holysheep",
      "deepseek/deepseek-chat-v3-2@holysheep",
    ]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("says why a candidate is passed over now, and when it may serve again", async () => {
    const of = world();
    of.fleet.breaker(gpt)!.trip(8_000);
    const told = await explain(of, { target: { target: { case: "deployment", value: gpt } } });
    expect(told.candidates[0]).toMatchObject({
      deployment: gpt,
      skipReason: SkipReason.BREAKER_OPEN,
      breakerState: BreakerState.OPEN,
    });
    expect(timestampMs(told.candidates[0]!.readyTime!)).toBe(epoch + of.clock.now() + 8_000);
    of.fleet.breaker(gpt)!.reset();
    // Nobody knows when, or it is worth another try at any time: neither is an instant to wait for.
    for (const readyAt of [Infinity, of.clock.now()]) {
      of.blockKeys({ readyAt, why: "quarantined" });
      const blocked = await explain(of, { target: { target: { case: "deployment", value: gpt } } });
      expect(blocked.candidates[0]).toMatchObject({ skipReason: SkipReason.KEYS_EXHAUSTED });
      expect(blocked.candidates[0]?.readyTime).toBeUndefined();
    }
  });

  it("moves no breaker and takes no room", async () => {
    const of = world();
    const before = JSON.stringify(of.fleet.snapshot());
    await explain(of, { target: tier(Tier.ADVANCED), estimatedInputTokens: 10 });
    expect(JSON.stringify(of.fleet.snapshot())).toBe(before);
  });

  it("estimates the cost of the tokens that stand in for a prompt", async () => {
    const told = await explain(world(), { target: model("openai/gpt-4.1"), estimatedInputTokens: 1_000_000 });
    // A million tokens in, and 1024 assumed out: 8 USD and a little.
    expect(told.candidates[0]?.estimatedCost).toMatchObject({
      nanosUsd: 8_000_000_000n + 32_768_000n,
      estimated: true,
    });
    const unpriced = await explain(world(), { target: model("google/gemini-exp") });
    expect(unpriced.candidates[0]?.estimatedCost).toMatchObject({ unpriced: true, nanosUsd: 0n });
  });

  it("explains a call that would be refused by what rules its candidates out", async () => {
    const told = await explain(world(), {
      target: model("deepseek/deepseek-chat-v3-2"),
      estimatedInputTokens: 5_000_000,
      routing: { fallback: { mode: FallbackMode.NONE } },
    });
    expect(told.candidates).toMatchObject([{ skipReason: SkipReason.CONTEXT_TOO_LONG }]);
  });

  it("knows no model that Chat does not know", async () => {
    const error = await errorOf(explain(world(), { target: model("openai/gpt-9") }));
    expect(error.code).toBe("NOT_FOUND");
    expect(detailOf(error, ErrorInfoSchema)?.metadata["suggestions"]).toContain("openai/gpt-4");
    expect((await errorOf(explain(world(), { routing: { requiredCapabilities: ["x"] } }))).code).toBe(
      "INVALID_ARGUMENT",
    );
  });
});

const set = (of: World, state: BreakerState, ttlMs?: number, deployment = gpt) =>
  of.call<SetBreakerResponse>("setBreaker", {
    deployment,
    state,
    ...(ttlMs === undefined ? {} : { ttl: toDuration(ttlMs) }),
  });

describe("SetBreaker", () => {
  it("opens a breaker until its time is over, and leaves a line", async () => {
    const of = world();
    const { deployment } = await set(of, BreakerState.OPEN, 30_000);
    expect(deployment).toMatchObject({ deployment: gpt, breakerState: BreakerState.OPEN });
    expect(timestampMs(deployment!.nextProbeTime!)).toBe(epoch + of.clock.now() + 30_000);
    expect(of.fleet.readiness(gpt).skip).toBe("breaker-open");
    expect(of.audits).toEqual([
      expect.objectContaining({
        event: "audit",
        caller: "team-a",
        deployment: gpt,
        state: "open",
        ttl_ms: 30_000,
      }),
    ]);
    await of.clock.advance(30_000);
    expect(of.fleet.readiness(gpt).skip).toBeUndefined();
  });

  it("closes a breaker and its upstream's, so that the deployment serves", async () => {
    const of = world();
    of.fleet.breaker(gpt)!.trip(60_000);
    of.fleet.upstreamBreaker("legacy")!.trip(60_000);
    const { deployment } = await set(of, BreakerState.CLOSED);
    expect(deployment?.breakerState).toBe(BreakerState.CLOSED);
    expect(of.fleet.readiness(gpt).skip).toBeUndefined();
  });

  it("changes nothing without a time to open for, and nothing that it does not know", async () => {
    const of = world();
    for (const ttl of [undefined, 0, 86_400_001]) {
      expect((await errorOf(set(of, BreakerState.OPEN, ttl))).code).toBe("INVALID_ARGUMENT");
    }
    const unknown = await errorOf(set(of, BreakerState.CLOSED, undefined, "openai/gpt-4.1@legcy"));
    expect(unknown.code).toBe("NOT_FOUND");
    expect(detailOf(unknown, ErrorInfoSchema)?.metadata["suggestions"]).toContain(gpt);
    expect(of.audits).toEqual([]);
  });
});

describe("the other calls of operators", () => {
  it("lists keys by their aliases and states, and nothing of the keys", async () => {
    const { keys } = await world().call<ListKeysResponse>("listKeys");
    expect(keys.map(({ upstream, keyId, state }) => [upstream, keyId, state])).toEqual([
      ["holysheep", "primary", KeyState.USABLE],
      ["holysheep", "spare", KeyState.COOLING],
      ["legacy", "primary", KeyState.USABLE],
      ["legacy", "spare", KeyState.COOLING],
    ]);
    expect(timestampMs(keys[1]!.readyTime!)).toBe(epoch + 3_000);
    expect(timestampMs(keys[0]!.loadTime!)).toBe(epoch + 500);
  });

  it("compares the config on disk with the one that serves, and says what needs a restart", async () => {
    const of = world({ reread: () => parse(`${text}\nretry: { attempts: 2 }`, env) });
    const told = await of.call<ReloadConfigResponse>("reloadConfig", { validateOnly: true });
    expect(told.previousRevision).toBe(config.revision);
    expect(told.revision).not.toBe(config.revision);
    expect(told.differences).toEqual(["retry"]);
    expect(told.needsRestart).toEqual(["retry"]);
    expect(of.audits).toEqual([]);
  });

  it("names every problem of a config that is not valid, to be compared or to be taken up", async () => {
    const of = world({ reread: () => parse("retry: { attempts: none }", env) });
    for (const validateOnly of [true, false]) {
      const error = await errorOf(of.call("reloadConfig", { validateOnly }));
      expect(error.code).toBe("INVALID_ARGUMENT");
      expect(error.message).toContain("retry.attempts");
    }
    expect(of.audits).toEqual([]);
  });

  it("takes up the keys of the config on disk, and leaves a line", async () => {
    const fewer = { ...env, OPENAI_API_KEY: `${anyKey}-3` };
    const of = world({ reread: () => parse(text, fewer) });
    const told = await of.call<ReloadConfigResponse>("reloadConfig");
    expect([told.differences, told.needsRestart, of.replaced]).toEqual([[], [], ["legacy"]]);
    expect(of.audits).toEqual([expect.objectContaining({ caller: "team-a", config: config.revision })]);
  });

  it("reads one key again and shows how it stands, with a line", async () => {
    const of = world();
    const { key } = await of.call<RotateKeyResponse>("rotateKey", {
      upstream: "holysheep",
      keyId: "primary",
    });
    expect(key).toMatchObject({ upstream: "holysheep", keyId: "primary", state: KeyState.USABLE });
    expect(of.audits).toEqual([
      expect.objectContaining({ caller: "team-a", upstream: "holysheep", key_id: "primary" }),
    ]);
  });

  it("rotates no key that does not serve, and suggests one that does", async () => {
    const of = world();
    for (const [upstream, keyId] of [
      ["holysheep", "primry"],
      ["legacy", "x".repeat(5000)],
      ["nowhere", "primary"],
    ] as const) {
      const error = await errorOf(of.call("rotateKey", { upstream, keyId }));
      expect(error.code).toBe("NOT_FOUND");
      expect(error.message.length).toBeLessThan(200);
      if (keyId === "primry") {
        expect(detailOf(error, ErrorInfoSchema)?.metadata["suggestions"]).toContain("holysheep/primary");
      }
    }
    expect(of.audits).toEqual([]);
  });

  it("shows decisions: the last ones newest first, then each as it ends", async () => {
    const of = world();
    const publish = (id: string) =>
      of.feed.publish({
        decision: routeDecisionOf({ decisionId: id }),
        endedAt: epoch,
        status: "UNAVAILABLE",
      });
    publish("1");
    publish("2");
    const stop = new AbortController();
    const watch = of.watch(5, stop.signal);
    const next = async () => (await watch.next()).value as WatchDecisionsResponse;
    expect((await next()).decision?.decisionId).toBe("2");
    expect((await next()).decision?.decisionId).toBe("1");
    const live = next();
    publish("3");
    expect(await live).toMatchObject({ decision: { decisionId: "3" }, status: "UNAVAILABLE" });
    const last = watch.next();
    stop.abort(new RpcError("UNAVAILABLE", "the gateway is shutting down"));
    expect((await errorOf(last)).code).toBe("UNAVAILABLE");
  });

  it("ends a watch that falls too far behind with a word about it", async () => {
    const of = world();
    const watch = of.watch(0, new AbortController().signal);
    const first = watch.next();
    for (let id = 0; id < 20; id++) {
      of.feed.publish({ decision: routeDecisionOf({ decisionId: `${id}` }), endedAt: epoch, status: "OK" });
    }
    await first;
    const drained = (async () => {
      while ((await watch.next()).done !== true);
    })();
    expect((await errorOf(drained)).code).toBe("ABORTED");
  });
});

describe("GetCanary and SetCanary", () => {
  const nothing = createArmTally().totals();
  const some: ArmTotals = {
    ...nothing,
    calls: 40,
    rescued: 6,
    lost: 4,
    latency: { meanMs: 180, p95Ms: 320 },
    attempts: 46,
    costNanos: 1234n,
    inputTokens: 500,
    outputTokens: 70,
  };
  const rolledBack: CanaryReport = {
    standing: { kind: "rolled-back", rule: "errors", why: "10 of 40 canary calls failed", at: epoch },
    alarm: undefined,
    stable: nothing,
    canary: some,
  };

  it("say that there is none where none is configured", async () => {
    const of = world();
    expect((await of.call<GetCanaryResponse>("getCanary")).canary).toMatchObject({ enabled: false });
    const error = await errorOf(of.call("setCanary", { weightBasisPoints: 500 }));
    expect(error.code).toBe("FAILED_PRECONDITION");
    expect(error.message).toContain("no canary is configured");
    expect(of.audits).toEqual([]);
  });

  it("show where it stands, why, and what both arms have shown", async () => {
    const of = world({ canary: { report: () => rolledBack, arm: () => Promise.resolve() } });
    const { canary } = await of.call<GetCanaryResponse>("getCanary");
    expect(canary).toMatchObject({
      enabled: true,
      weightBasisPoints: 0,
      rolledBack: true,
      rollbackReason: "10 of 40 canary calls failed",
      stable: { arm: CanaryArm.STABLE, requests: 0n },
      canary: {
        arm: CanaryArm.CANARY,
        requests: 40n,
        failures: 4n,
        rescued: 6n,
        attempts: 46n,
        errorRate: 0.25,
        availability: 0.9,
        cost: { nanosUsd: 1234n, unpriced: false },
        inputTokens: 500n,
        outputTokens: 70n,
      },
    });
    expect(timestampMs(canary!.rollbackTime!)).toBe(epoch);
    expect(durationMs(canary!.canary!.latencyMean!)).toBe(180);
    // Nobody was answered: no time is not a time of nothing.
    expect(canary!.stable).not.toHaveProperty("latencyMean");
    expect(canary!.stable).not.toHaveProperty("errorRate");
  });

  it("show an alarm that the config says not to act on", async () => {
    const standing = { kind: "trying", weightBasisPoints: 500 } as const;
    const report = (): CanaryReport => ({ ...rolledBack, standing, alarm: "it fails" });
    const of = world({ canary: { report, arm: () => Promise.resolve() } });
    expect((await of.call<GetCanaryResponse>("getCanary")).canary).toMatchObject({
      rolledBack: false,
      weightBasisPoints: 500,
      rollbackReason: "it fails",
    });
  });

  it("arm it, show it as it then is, and leave a line about who did it", async () => {
    let report = rolledBack;
    const arm = async (weightBasisPoints: number): Promise<void> => {
      report = { ...rolledBack, standing: { kind: "trying", weightBasisPoints } };
    };
    const of = world({ canary: { report: () => report, arm } });
    const { canary } = await of.call<SetCanaryResponse>("setCanary", { weightBasisPoints: 250 });
    expect(canary).toMatchObject({ rolledBack: false, weightBasisPoints: 250 });
    expect(of.audits).toEqual([
      expect.objectContaining({ event: "audit", caller: "team-a", weight_basis_points: 250 }),
    ]);
  });
});
