import { describe, expect, it } from "vitest";
import { KeyState } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import { AttemptOutcome, ErrorReason, RouteReason, SkipReason } from "../../gen/switchyard/v1/routing_pb.ts";
import type { GatewayTime } from "../../src/gateway.ts";
import { type FaultyUpstream, type Script } from "../support/faulty-upstream.ts";
import { createManualClock, gatewayTimeOf, type ManualClock } from "../support/manual-clock.ts";
import { runBetweenTwo, runScenario, runUpstream } from "../support/running-scenario.ts";
import { limitsOf, patientLimits, type ScenarioWorld, twoUpstreams } from "../support/scenario-world.ts";
import { answers, answersAfter, refuses } from "../support/upstream-behaviours.ts";

let main: FaultyUpstream;
let spare: FaultyUpstream;
let world: ScenarioWorld;

async function start(
  script: Script,
  keys: readonly string[],
  spareScript: Script = () => answers(),
  time?: GatewayTime,
): Promise<void> {
  const more = patientLimits;
  const mainKeys = [...keys];
  ({ main, spare, world } = await runBetweenTwo({
    script,
    spareScript,
    more,
    mainKeys,
    ...(time === undefined ? {} : { time }),
  }));
}

/** The same with a clock that the test moves. */
async function startOnManualTime(script: Script, keys: readonly string[]): Promise<ManualClock> {
  const clock = createManualClock();
  await start(script, keys, () => answers({ texts: ["spare"] }), gatewayTimeOf(clock));
  return clock;
}

/** A call each so many seconds: seconds from the first at which it reached the main upstream. */
async function reachedAt(clock: ManualClock, seconds: number, every = 10): Promise<readonly number[]> {
  const reached: number[] = [];
  for (let second = 0; second < seconds; second += every) {
    const before = main.requests.length;
    expect((await world.chat()).code).toBe("OK");
    expect(main.requests.length - before).toBeLessThanOrEqual(1);
    if (main.requests.length > before) reached.push(second);
    await clock.advance(every * 1000);
  }
  return reached;
}

const keyOf = (headers: Readonly<Record<string, string>>): string =>
  (headers["authorization"] ?? "").replace(/^.*KEY_/, "");
const stateOf = async (id: string): Promise<KeyState | undefined> =>
  (await world.operator.listKeys({})).keys.find(({ keyId }) => keyId === id)?.state;

describe("a key that its upstream limits", () => {
  it("gives way to the next key at once, and is remembered by later calls", async () => {
    await start(
      (_, { headers }) =>
        keyOf(headers) === "A"
          ? refuses(429, { code: "rate_limit_exceeded" }, { "retry-after": "30" })
          : answers(),
      ["a", "b"],
    );
    const first = await world.chat();
    expect(first.code).toBe("OK");
    expect(first.route).toMatchObject({
      deployment: "acme/main@main",
      reason: RouteReason.RETRY,
      attemptCount: 2,
    });
    expect(first.route?.attempts.map(({ keyId, reason }) => [keyId, reason])).toEqual([
      ["a", RouteReason.PRIMARY],
      ["b", RouteReason.RETRY],
    ]);
    const second = await world.chat();
    expect(second.route).toMatchObject({ reason: RouteReason.PRIMARY, attemptCount: 1 });
    expect(main.requests.map(({ headers }) => keyOf(headers))).toEqual(["A", "B", "B"]);
    expect(await stateOf("a")).toBe(KeyState.COOLING);
  });

  it("rests for that model alone", async () => {
    main = await runUpstream((_, request) =>
      request.json()["model"] === "acme/main" ? refuses(429, {}, { "retry-after": "30" }) : answers(),
    );
    spare = await runUpstream(() => answers());
    const config = twoUpstreams(main.baseUrl, spare.baseUrl).replace(
      "upstreams: [spare]",
      "upstreams: [main]",
    );
    world = await runScenario({
      config: config.replace(/ {2}spare: \{ baseUrl.*\n/, ""),
      listener: "grpc",
    });
    const seen = await world.chat();
    expect(seen).toMatchObject({ code: "OK", route: { deployment: "acme/spare@main" } });
    const again = await world.chat();
    expect(again.route?.attempts[0]).toMatchObject({
      outcome: AttemptOutcome.SKIPPED,
      skipReason: SkipReason.KEYS_EXHAUSTED,
    });
    expect(main.requests.map((request) => request.json()["model"])).toEqual([
      "acme/main",
      "acme/spare",
      "acme/spare",
    ]);
  });

  it("answers UNAVAILABLE with RetryInfo once every key and the fallback are limited, never RESOURCE_EXHAUSTED", async () => {
    const limited = refuses(429, { code: "rate_limit_exceeded" }, { "retry-after": "90" });
    await start(
      () => limited,
      ["a", "b", "c"],
      () => limited,
    );
    const seen = await world.chat();
    expect(seen).toMatchObject({ code: "UNAVAILABLE", reason: "UPSTREAM_RATE_LIMITED" });
    expect(seen.retryAfterMs).toBeGreaterThan(60_000);
    expect(seen.retryAfterMs).toBeLessThanOrEqual(144_000);
    expect(seen.pushback).toBe("-1");
    expect(main.requests).toHaveLength(3);
    expect(spare.requests).toHaveLength(1);
    // The next call is told at once, and nobody is asked.
    const again = await world.chat();
    expect(again).toMatchObject({ code: "UNAVAILABLE", reason: "UPSTREAM_RATE_LIMITED" });
    expect(main.requests.length + spare.requests.length).toBe(4);
  });
});

describe("a key that its upstream refuses", () => {
  it("is quarantined, the next one serves, and the caller never learns of it", async () => {
    await start((_, { headers }) => (keyOf(headers) === "A" ? refuses(401) : answers()), ["a", "b"]);
    for (let n = 0; n < 3; n++) expect((await world.chat()).code).toBe("OK");
    expect(main.requests.map(({ headers }) => keyOf(headers))).toEqual(["A", "B", "B", "B"]);
    expect(await stateOf("a")).toBe(KeyState.QUARANTINED);
  });

  it("is never the caller's UNAUTHENTICATED where all of them are refused", async () => {
    await start(
      () => refuses(401),
      ["a", "b"],
      () => refuses(401),
    );
    const seen = await world.chat();
    expect(seen).toMatchObject({ code: "UNAVAILABLE", reason: "UPSTREAM_AUTH" });
    expect(seen.route?.attempts.map(({ error }) => error?.reason)).toEqual(
      Array(3).fill(ErrorReason.UPSTREAM_AUTH),
    );
    // Not again in this call, and not in the next one.
    expect(main.requests).toHaveLength(2);
    await world.chat();
    expect(main.requests).toHaveLength(2);
  });
});

describe("a key that is refused again and again", () => {
  it("is tried once after a minute, then after twice as long, up to half an hour", async () => {
    const clock = await startOnManualTime(() => refuses(401), ["a"]);
    const minutes = (await reachedAt(clock, 96 * 60, 60)).map((second) => second / 60);
    expect(minutes).toEqual([0, 1, 3, 7, 15, 31, 61, 91]);
    expect(await stateOf("a")).toBe(KeyState.QUARANTINED);
  });

  it("is a good one with its first answer, and starts anew when it is refused after it", async () => {
    const script: Script = (index) => (index === 3 ? answers() : refuses(401));
    const clock = await startOnManualTime(script, ["a"]);
    // Accepted in minute 7, refused again with the next call; then a minute, not eight.
    expect(await reachedAt(clock, 9 * 60)).toEqual([0, 60, 180, 420, 430, 490]);
  });
});

describe("a key whose quota is spent", () => {
  const spent = refuses(429, { code: "insufficient_quota", type: "insufficient_quota" });

  it("rests for an hour, and is then tried by one call", async () => {
    const clock = await startOnManualTime(() => spent, ["a"]);
    expect(await reachedAt(clock, 3599, 59)).toEqual([0]);
    expect(await stateOf("a")).toBe(KeyState.COOLING);
    await clock.advance(1000);
    const gate = Promise.withResolvers<void>();
    main.become(() => answersAfter(gate.promise, { texts: ["main"] }));
    const probe = world.chat();
    await main.received(2);
    expect((await world.chat()).text).toBe("spare");
    gate.resolve();
    expect((await probe).text).toBe("main");
    expect((await world.chat()).text).toBe("main");
    expect(await stateOf("a")).toBe(KeyState.USABLE);
  });

  it("rests until the time that its upstream names", async () => {
    const script: Script = (index) =>
      index === 0 ? refuses(429, { code: "insufficient_quota" }, { "retry-after": "120" }) : answers();
    const clock = await startOnManualTime(script, ["a"]);
    expect(await reachedAt(clock, 140)).toEqual([0, 120, 130]);
  });
});

describe("the quota that an upstream tells with its answers", () => {
  const tells = (limit: number, remaining: number, reset: string) => ({
    "x-ratelimit-limit-requests": `${limit}`,
    "x-ratelimit-remaining-requests": `${remaining}`,
    "x-ratelimit-reset-requests": reset,
  });

  it("decides which key is used: the one with the most left", async () => {
    const left: Record<string, number> = { A: 50, B: 70 };
    const clock = await startOnManualTime(
      (_, { headers }) => {
        const key = keyOf(headers);
        left[key] = (left[key] ?? 0) - 15;
        return answers({ headers: tells(100, left[key], "30s") });
      },
      ["a", "b"],
    );
    for (let call = 0; call < 5; call += 1) expect((await world.chat()).code).toBe("OK");
    // What nobody knows counts as whole: 35, then 55, 40, and 25 beside it.
    expect(main.requests.map(({ headers }) => keyOf(headers))).toEqual(["A", "B", "B", "B", "A"]);
    await clock.advance(30_000);
    await world.chat();
    expect(keyOf(main.requests.at(-1)!.headers)).toBe("A");
  });

  it("lets a key rest that has none left, until its reset", async () => {
    const clock = await startOnManualTime(() => answers({ headers: tells(100, 0, "1m0s") }), ["a"]);
    expect(await reachedAt(clock, 130)).toEqual([0, 60, 120]);
  });

  it("is no quota where its numbers mean none", async () => {
    const clock = await startOnManualTime(() => answers({ headers: tells(-1, 0, "1m0s") }), ["a"]);
    expect(await reachedAt(clock, 30)).toEqual([0, 10, 20]);
  });
});

describe("an upstream whose one key is refused", () => {
  it("is not waited for, though another of its models stands in the plan", async () => {
    main = await runUpstream(() => refuses(401));
    spare = await runUpstream(() => answers());
    const config = twoUpstreams(main.baseUrl, spare.baseUrl, limitsOf({ unaryMs: 120_000 }))
      .replace("upstreams: [spare]", "upstreams: [main]")
      .replace(/ {2}spare: \{ baseUrl.*\n/, "");
    world = await runScenario({ config, listener: "grpc" });
    const seen = await world.chat();
    expect(seen).toMatchObject({ code: "UNAVAILABLE", reason: "UPSTREAM_AUTH" });
    expect(main.requests).toHaveLength(1);
    const again = await world.chat();
    expect(again.code).toBe("UNAVAILABLE");
    expect(again.route?.attempts.map(({ skipReason }) => skipReason)).toEqual([
      SkipReason.KEYS_EXHAUSTED,
      SkipReason.KEYS_EXHAUSTED,
    ]);
  }, 20_000);
});

describe("an overloaded upstream", () => {
  it("is not asked again with another key", async () => {
    await start(() => refuses(529), ["a", "b", "c"]);
    expect((await world.chat()).route?.deployment).toBe("acme/spare@spare");
    expect(main.requests).toHaveLength(1);
    expect(await stateOf("a")).toBe(KeyState.USABLE);
  });
});
