import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { AttemptOutcome, BreakerState, SkipReason } from "../../gen/switchyard/v1/routing_pb.ts";
import { toMs } from "../../src/rpc/wire-time.ts";
import { type FaultyUpstream, type Script } from "../support/faulty-upstream.ts";
import { runBetweenTwo } from "../support/running-scenario.ts";
import { patientLimits, quickLimits, type ScenarioWorld, tracedAttempts } from "../support/scenario-world.ts";
import { startTraceBackend } from "../support/trace-backend.ts";
import {
  answers,
  answersAfter,
  hangsBeforeHeaders,
  refuses,
  resetsBeforeHeaders,
  streamsThenResets,
} from "../support/upstream-behaviours.ts";

let main: FaultyUpstream;
let spare: FaultyUpstream;
let world: ScenarioWorld;

/** A breaker that probes soon. */
function quickBreaker(limits = quickLimits, openMs = 400, maxOpenMs = 800): string {
  const counts = "windowMs: 60000, minimumRequests: 10, failurePercent: 50, consecutiveFailures: 5";
  return `${limits}\nbreaker: { ${counts}, openMs: ${openMs}, maxOpenMs: ${maxOpenMs} }\n`;
}

async function start(
  script: Script,
  more = quickBreaker(),
  spareScript: Script = () => answers({ texts: ["spare"] }),
): Promise<void> {
  ({ main, spare, world } = await runBetweenTwo({ script, spareScript, more }));
}

describe("an outage", () => {
  it("opens the breaker after five failures, whose calls skip the deployment and say so", async () => {
    await start(() => refuses(500));
    for (let n = 0; n < 5; n++) expect((await world.chat()).text).toBe("spare");
    expect(await world.health("acme/main@main")).toMatchObject({ breakerState: BreakerState.OPEN });
    const seen = await world.chat();
    expect(seen.text).toBe("spare");
    expect(seen.route?.attempts[0]).toMatchObject({
      number: 0,
      outcome: AttemptOutcome.SKIPPED,
      skipReason: SkipReason.BREAKER_OPEN,
      breakerState: BreakerState.OPEN,
    });
    expect(main.requests).toHaveLength(5);
  });

  it("is over with one probe, however many callers wait for it", async () => {
    await start(() => refuses(500), quickBreaker(patientLimits));
    for (let n = 0; n < 5; n++) await world.chat();
    const gate = Promise.withResolvers<void>();
    main.become(() => answersAfter(gate.promise, { texts: ["main"] }));
    await sleep(600);
    let answered = 0;
    const during = Array.from({ length: 200 }, async () => {
      const { text } = await world.chat();
      answered += 1;
      return text;
    });
    await expect.poll(() => answered).toBe(199);
    expect(main.requests).toHaveLength(6);
    gate.resolve();
    const texts = await Promise.all(during);
    expect(texts.filter((text) => text === "main")).toHaveLength(1);
    expect(texts.filter((text) => text === "spare")).toHaveLength(199);
    expect((await world.chat()).text).toBe("main");
    expect(await world.health("acme/main@main")).toMatchObject({ breakerState: BreakerState.CLOSED });
  });

  it("costs a handful of requests however long it lasts, and is noticed as over", async () => {
    await start(() => refuses(500));
    const until = performance.now() + 2500;
    while (performance.now() < until) {
      expect((await world.chat()).code).toBe("OK");
      await sleep(25);
    }
    // Five to open it, then a probe at 0.4 s and one each 0.8 s.
    expect(main.requests.length).toBeGreaterThanOrEqual(6);
    expect(main.requests.length).toBeLessThanOrEqual(10);
    main.become(() => answers({ texts: ["main"] }));
    await expect.poll(async () => (await world.chat()).text, { timeout: 5000, interval: 50 }).toBe("main");
  });

  it("of a host opens the breaker of the upstream, so that each of its models need not find out", async () => {
    await start(() => answers());
    await main.close();
    for (let n = 0; n < 5; n++) await world.chat();
    const { deployments } = await world.client.health({});
    expect(deployments.find(({ deployment }) => deployment === "acme/main@main")).toMatchObject({
      breakerState: BreakerState.OPEN,
    });
  });

  it("of streams that always break after content opens the breaker, too", async () => {
    await start(() => streamsThenResets(1));
    for (let n = 0; n < 5; n++) expect((await world.chatStream()).code).toBe("ABORTED");
    expect((await world.chatStream()).text).toBe("spare");
    expect(main.requests).toHaveLength(5);
  });

  it("of everything fails fast, and says when to come back", async () => {
    await start(
      () => refuses(500),
      quickBreaker(quickLimits, 20_000, 25_000),
      () => refuses(503),
    );
    for (let n = 0; n < 4; n++) await world.chat({ routing: { fallback: { maxAttempts: 2 } } });
    for (let n = 0; n < 4; n++) await world.chat({ routing: { fallback: { maxAttempts: 2 } } });
    const requests = main.requests.length + spare.requests.length;
    const seen = await world.chat();
    expect(seen).toMatchObject({
      code: "UNAVAILABLE",
      reason: "NO_DEPLOYMENT_AVAILABLE",
      metadata: { attempts: "0" },
    });
    expect(seen.retryAfterMs).toBeGreaterThan(1000);
    expect(main.requests.length + spare.requests.length).toBe(requests);
  });
});

describe("a retry", () => {
  it("recovers from a failure that was one, and both attempts are told", async () => {
    await start((index) => (index === 0 ? refuses(500) : answers({ texts: ["main"] })));
    const seen = await world.chat({ routing: { fallback: { mode: 1 } } });
    expect(seen).toMatchObject({ code: "OK", text: "main" });
    expect(seen.route?.attempts.map(({ outcome }) => outcome)).toEqual([
      AttemptOutcome.FAILED,
      AttemptOutcome.SUCCEEDED,
    ]);
    const [first, second] = main.requests;
    expect(second!.atMs - first!.atMs).toBeGreaterThanOrEqual(95);
  });

  it("waits at least as long as the upstream asked", async () => {
    await start(
      (index) => (index === 0 ? refuses(503, {}, { "retry-after": "1" }) : answers()),
      quickBreaker(patientLimits),
    );
    expect((await world.chat({ routing: { fallback: { mode: 1 } } })).code).toBe("OK");
    const [first, second] = main.requests;
    expect(second!.atMs - first!.atMs).toBeGreaterThanOrEqual(990);
  });

  it("is not made where the upstream asks for more time than the call has", async () => {
    await start(() => refuses(503, {}, { "retry-after": "100" }));
    const seen = await world.chat({ routing: { fallback: { mode: 1 } } });
    expect(seen).toMatchObject({ code: "UNAVAILABLE", reason: "UPSTREAM_OVERLOADED" });
    expect(seen.retryAfterMs).toBeGreaterThanOrEqual(99_000);
    expect(main.requests).toHaveLength(1);
  });

  it("is not multiplied along the chain: five attempts in all", async () => {
    await start(
      () => refuses(500),
      patientLimits,
      () => refuses(500),
    );
    const seen = await world.chat();
    expect(seen).toMatchObject({ code: "UNAVAILABLE", reason: "UPSTREAM_SERVER_ERROR", pushback: "-1" });
    expect(main.requests.length + spare.requests.length).toBe(5);
  });

  it("waits twice as long between each two rounds, and tells so to its caller and in its trace", async () => {
    const backend = await startTraceBackend();
    onTestFinished(() => backend.close());
    const failing: Script = () => refuses(500);
    ({ main, spare, world } = await runBetweenTwo({
      script: failing,
      spareScript: failing,
      more: patientLimits,
      backend,
    }));
    const seen = await world.chat({ caller: "waits" });
    const waits = [0, 0, 100, 0, 200];
    expect(seen.route?.attempts.map(({ backoff }) => (backoff === undefined ? 0 : toMs(backoff)))).toEqual(
      waits,
    );
    const startedAt = [...main.requests, ...spare.requests].map(({ atMs }) => atMs).toSorted((a, b) => a - b);
    // A timer may run a little early, by the clock that is looked at.
    for (const [index, ms] of waits.slice(1).entries()) {
      expect(startedAt[index + 1]! - startedAt[index]!).toBeGreaterThanOrEqual(0.95 * ms);
    }
    await world.close();
    const { route, attempts } = await tracedAttempts(backend, "waits");
    expect(route.attributes).toMatchObject({
      "switchyard.route.outcome": "exhausted",
      "switchyard.route.attempts": 5,
      "switchyard.route.backoff_total": 0.3,
    });
    expect(
      attempts.map(({ attributes }) => [
        attributes["switchyard.upstream.name"],
        attributes["switchyard.attempt.reason"],
        attributes["switchyard.attempt.backoff"],
        attributes["error.type"],
      ]),
    ).toEqual([
      ["main", "primary", 0, "500"],
      ["spare", "fallback", 0, "500"],
      ["main", "retry", 0.1, "500"],
      ["spare", "retry", 0, "500"],
      ["main", "retry", 0.2, "500"],
    ]);
  });

  it("starts no attempt that its deadline cannot hold", async () => {
    await start((index) =>
      index === 0
        ? {
            name: "fails late",
            answer: async (exchange) => {
              await exchange.pause(900);
              await refuses(500).answer(exchange);
            },
          }
        : hangsBeforeHeaders,
    );
    const seen = await world.chat({ timeoutMs: 1000, routing: { fallback: { mode: 1 } } });
    expect(seen.code).not.toBe("OK");
    expect(main.requests).toHaveLength(1);
  });
});

describe("a connection that the upstream closed while it was idle", () => {
  it("costs nothing but one more request at once", async () => {
    await start((_, { earlierOnConnection }) =>
      earlierOnConnection === 0 ? answers() : resetsBeforeHeaders,
    );
    expect((await world.chat()).code).toBe("OK");
    const seen = await world.chat();
    expect(seen).toMatchObject({ code: "OK", route: { deployment: "acme/main@main", attemptCount: 2 } });
    expect(spare.requests).toHaveLength(0);
    expect(await world.health("acme/main@main")).toMatchObject({ failurePpm: 0 });
  });

  it("is one of twenty streams in a row, otherwise", async () => {
    await start(() => answers());
    for (let n = 0; n < 20; n++) expect((await world.chatStream()).code).toBe("OK");
    expect(main.connections()).toBe(1);
  });
});
