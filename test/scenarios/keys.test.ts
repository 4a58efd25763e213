import { describe, expect, it } from "vitest";
import { KeyState } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import { AttemptOutcome, ErrorReason, RouteReason, SkipReason } from "../../gen/switchyard/v1/routing_pb.ts";
import { type FaultyUpstream, type Script } from "../support/faulty-upstream.ts";
import { runBetweenTwo, runScenario, runUpstream } from "../support/running-scenario.ts";
import { limitsOf, patientLimits, type ScenarioWorld, twoUpstreams } from "../support/scenario-world.ts";
import { answers, refuses } from "../support/upstream-behaviours.ts";

let main: FaultyUpstream;
let spare: FaultyUpstream;
let world: ScenarioWorld;

async function start(
  script: Script,
  keys: readonly string[],
  spareScript: Script = () => answers(),
): Promise<void> {
  const more = patientLimits;
  ({ main, spare, world } = await runBetweenTwo({ script, spareScript, more, mainKeys: [...keys] }));
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
