import { afterEach, describe, expect, it } from "vitest";
import type { ChatOutcome } from "../../src/attempt/call-outcome.ts";
import type { FailureKind } from "../../src/routing/failure.ts";
import { sampleCatalog, sampleModel } from "../support/routing-samples.ts";
import { createRunnerWorld, type RunnerWorld, settle } from "../support/runner-world.ts";
import type { ScriptedReply, ScriptedRequest } from "../support/scripted-upstream.ts";

const price = {
  inputNanosPerMTok: 1_000_000_000n,
  cachedInputNanosPerMTok: undefined,
  outputNanosPerMTok: 2_000_000_000n,
};
const catalog = sampleCatalog(
  [
    sampleModel("acme/a", ["one"], { price }),
    sampleModel("acme/b", ["two"], { price }),
    sampleModel("acme/c", ["three"], { price }),
  ],
  { fallback: { unavailable: ["acme/b"], rateLimited: ["acme/c"] } },
);

let world: RunnerWorld;
afterEach(() => world.close());

function start(
  script: (request: ScriptedRequest, index: number) => ScriptedReply,
  options: Partial<Parameters<typeof createRunnerWorld>[0]> = {},
): RunnerWorld {
  world = createRunnerWorld({ catalog, script, ...options });
  return world;
}

const failing =
  (...kinds: readonly FailureKind[]) =>
  (_: ScriptedRequest, index: number): ScriptedReply => {
    const failure = kinds[index];
    return failure === undefined ? { kind: "answer" } : { kind: "fail", failure };
  };

function servedBy(outcome: ChatOutcome): string | undefined {
  return outcome.kind === "answered" ? outcome.served.attempt.deployment : undefined;
}

describe("a unary run", () => {
  it("answers with the first candidate, its usage and its cost", async () => {
    const { chat, clock, recorded } = start(failing());
    const outcome = await settle(clock, chat());
    expect(outcome).toMatchObject({
      kind: "answered",
      served: { reason: "primary", cost: { nanos: 50_000n, unpriced: false, estimated: false } },
    });
    expect(recorded.map(({ number, outcome }) => [number, outcome])).toEqual([[1, "succeeded"]]);
  });

  it("moves to the fallback of the failure's class at once, and says so", async () => {
    for (const [failure, deployment] of [
      ["server-error", "acme/b@two"],
      ["unreachable", "acme/b@two"],
      ["rate-limited", "acme/c@three"],
    ] as const) {
      const { chat, clock, requests } = start(failing(failure));
      const begun = clock.now();
      const outcome = await settle(clock, chat());
      expect(servedBy(outcome)).toBe(deployment);
      expect(outcome).toMatchObject({ served: { reason: "fallback" } });
      expect(requests.map(({ at }) => at)).toEqual([begun, begun]);
      await world.close();
    }
    start(failing());
  });

  it("does not go on after a refusal that everybody would repeat", async () => {
    const { chat, clock, requests } = start(failing("invalid-request"));
    const outcome = await settle(clock, chat());
    expect(outcome).toMatchObject({
      kind: "failed",
      failure: { kind: "invalid-request", retryAfterMs: undefined },
    });
    expect(requests).toHaveLength(1);
  });

  it("waits between rounds and gives up after five attempts", async () => {
    const { chat, clock, requests, telemetry } = start(() => ({ kind: "fail", failure: "server-error" }));
    const outcome = await settle(clock, chat());
    expect(outcome).toMatchObject({
      kind: "failed",
      failure: { kind: "server-error", retriesSpent: true, retryAfterMs: expect.any(Number) },
    });
    const begun = requests[0]!.at;
    // Two candidates a round: 0.5 s after the first round (half of the nominal second), one more after the second.
    expect(requests.map(({ upstream, at }) => [upstream, at - begun])).toEqual([
      ["one", 0],
      ["two", 0],
      ["one", 500],
      ["two", 500],
      ["one", 1500],
    ]);
    expect(telemetry.span("route").attributes).toMatchObject({
      "switchyard.route.outcome": "exhausted",
      "switchyard.route.attempts": 5,
      "switchyard.route.retries": 3,
      "switchyard.route.backoff_total": 1.5,
    });
  });

  it("tries the next key at once, charged to nobody, and only then the next candidate", async () => {
    const { chat, clock, requests, keys, fleet } = start(failing("rate-limited", "rate-limited"), {
      keyIds: ["first", "second"],
    });
    const before = fleet.budget("one").level();
    const outcome = await settle(clock, chat());
    expect(requests.map(({ upstream, keyId }) => [upstream, keyId])).toEqual([
      ["one", "first"],
      ["one", "second"],
      ["three", "first"],
    ]);
    expect(outcome).toMatchObject({ served: { reason: "fallback", attempt: { number: 3 } } });
    expect(keys.get("one")!.settled.map(({ failure }) => failure?.kind)).toEqual([
      "rate-limited",
      "rate-limited",
    ]);
    // A tenth for the first attempt, and what the time that passed brought.
    expect(fleet.budget("one").level()).toBeGreaterThan(before);
  });

  it("serves with the second key of the first candidate as a retry", async () => {
    const { chat, clock } = start(failing("unauthorized"), { keyIds: ["first", "second"] });
    const outcome = await settle(clock, chat());
    expect(servedBy(outcome)).toBe("acme/a@one");
    expect(outcome).toMatchObject({ served: { reason: "retry" } });
  });

  it("skips a candidate whose breaker is open and takes it again once it recovers", async () => {
    let broken = true;
    const { chat, clock, requests, plan, runner } = start(({ upstream }) =>
      broken && upstream === "one" ? { kind: "fail", failure: "server-error" } : { kind: "answer" },
    );
    for (let n = 0; n < 5; n++) expect(servedBy(await settle(clock, chat()))).toBe("acme/b@two");
    const seen = requests.length;
    const { call, trail } = plan();
    expect(servedBy(await settle(clock, runner.chat(call)))).toBe("acme/b@two");
    expect(requests.slice(seen).map(({ upstream }) => upstream)).toEqual(["two"]);
    expect(trail.entries()[0]).toMatchObject({ kind: "skip", skip: "breaker-open", breakerState: "open" });
    broken = false;
    await clock.advance(13_000);
    expect(servedBy(await settle(clock, chat()))).toBe("acme/a@one");
  });

  it("asks again at once where a reused connection was stale, and only once", async () => {
    const { chat, clock, requests } = start(failing("stale-connection", "stale-connection"));
    const outcome = await settle(clock, chat());
    expect(requests.map(({ upstream }) => upstream)).toEqual(["one", "one", "two"]);
    expect(servedBy(outcome)).toBe("acme/b@two");
    expect(world.recorded.map(({ failure }) => failure?.kind)).toEqual([
      "stale-connection",
      "connection-lost",
      undefined,
    ]);
  });

  it("aborts an attempt that is silent too long and moves on", async () => {
    const { chat, clock, requests } = start((_, index) =>
      index === 0 ? { kind: "hang" } : { kind: "answer" },
    );
    const outcome = await settle(clock, chat());
    expect(servedBy(outcome)).toBe("acme/b@two");
    // Three fifths of two minutes less the reserve.
    expect(requests[0]!.abortedAt! - requests[0]!.at).toBeCloseTo(71_850, -2);
    expect(world.recorded[0]).toMatchObject({
      outcome: "timed-out",
      failure: { kind: "timeout", limit: "attempt" },
    });
  });

  it("answers DEADLINE_EXCEEDED without a retry for a deadline too short, and tells no breaker", async () => {
    const { chat, clock, requests, fleet } = start(() => ({ kind: "hang" }));
    for (let n = 0; n < 8; n++) {
      const outcome = await settle(clock, chat({ timeoutMs: 300 }), 5);
      expect(outcome).toMatchObject({ kind: "failed", failure: { kind: "deadline-exceeded" } });
    }
    expect(requests).toHaveLength(8);
    expect(fleet.breaker("acme/a@one")!.state()).toBe("closed");
  });

  it("answers DEADLINE_EXCEEDED where the last candidate is given all the time that is left, and hangs", async () => {
    const { chat, clock } = start((_, index) =>
      index === 0 ? { kind: "fail", failure: "server-error", afterMs: 2800 } : { kind: "hang" },
    );
    const outcome = await settle(clock, chat({ timeoutMs: 5000 }), 10);
    expect(outcome).toMatchObject({ kind: "failed", failure: { kind: "deadline-exceeded" } });
  });

  it("lets no caller in a hurry open a breaker for all others", async () => {
    const { chat, clock, fleet } = start(({ upstream }) =>
      upstream === "one" ? { kind: "hang" } : { kind: "answer" },
    );
    for (let n = 0; n < 8; n++) {
      expect(servedBy(await settle(clock, chat({ timeoutMs: 2_000 }), 10))).toBe("acme/b@two");
    }
    for (let n = 0; n < 8; n++) await settle(clock, chat({ limits: { attemptMs: 100 } }), 10);
    expect(world.recorded.filter(({ failure }) => failure?.kind === "timeout")).toHaveLength(16);
    expect(fleet.breaker("acme/a@one")!.state()).toBe("closed");
  });

  it("counts silence against the upstream where the caller allowed the configured first-token time", async () => {
    const { chat, clock, fleet } = start(({ upstream }) =>
      upstream === "one" ? { kind: "hang" } : { kind: "answer" },
    );
    for (let n = 0; n < 5; n++) await settle(clock, chat({ timeoutMs: 60_000 }), 1000);
    expect(fleet.breaker("acme/a@one")!.state()).toBe("open");
  });

  it("ends at once with the caller, aborts the upstream and tells no breaker", async () => {
    const { runner, plan, clock, requests, fleet, recorded } = start(() => ({ kind: "hang" }));
    const { call, end } = plan();
    const running = runner.chat(call);
    await clock.advance(100);
    const at = clock.now();
    end("cancelled");
    expect(await settle(clock, running)).toMatchObject({ kind: "failed", failure: { kind: "cancelled" } });
    expect(requests.map(({ abortedAt }) => abortedAt)).toEqual([at]);
    expect(recorded.map(({ outcome }) => outcome)).toEqual(["cancelled"]);
    expect(fleet.snapshot()[0]).toMatchObject({ inFlight: 0, breaker: { failurePpm: 0 } });
  });

  it("keeps no room for an attempt that a bug kept from starting", async () => {
    const { plan, runner, fleet } = start(failing());
    const call = Object.defineProperty({ ...plan().call }, "input", {
      get: () => {
        throw new Error("a bug");
      },
    });
    await expect(runner.chat(call)).rejects.toThrow("a bug");
    expect(fleet.snapshot().map(({ inFlight }) => inFlight)).toEqual(fleet.snapshot().map(() => 0));
  });

  it("starts no attempt and no wait once the gateway drains", async () => {
    const { runner, plan, clock, drain, requests } = start(() => ({ kind: "fail", failure: "server-error" }));
    const running = runner.chat(plan().call);
    await clock.advance(200);
    expect(requests).toHaveLength(2);
    drain();
    expect(await settle(clock, running)).toMatchObject({ failure: { kind: "draining" } });
    expect(requests).toHaveLength(2);
  });

  it("repeats no attempt that the retry budget cannot pay, and says so in the trace", async () => {
    const { chat, clock, fleet, requests, telemetry } = start(() => ({
      kind: "fail",
      failure: "server-error",
    }));
    while (fleet.budget("one").take());
    const outcome = await settle(clock, chat({ timeoutMs: 5_000 }), 10);
    expect(outcome).toMatchObject({ kind: "failed", failure: { retriesSpent: true } });
    // The other upstream has a budget of its own, and one more round would only be refused again.
    expect(requests.map(({ upstream }) => upstream)).toEqual(["one", "two", "two"]);
    expect(telemetry.span("route").attributes["switchyard.route.skipped"]).toEqual(["acme/a:retry_budget"]);
  });

  it("asks whom it has not called yet though a repeated attempt before cannot be paid", async () => {
    const { chat, clock, fleet, requests } = start(failing("server-error", "server-error", "rate-limited"));
    while (fleet.budget("two").take());
    const outcome = await settle(clock, chat({ timeoutMs: 5_000 }), 10);
    expect(requests.map(({ upstream }) => upstream)).toEqual(["one", "two", "one", "three"]);
    expect(servedBy(outcome)).toBe("acme/c@three");
  });

  it("estimates the usage that an upstream leaves out, and says so", async () => {
    const { chat, clock } = start(() => ({ kind: "answer", usage: undefined, text: "four words of answer" }));
    const outcome = await settle(clock, chat());
    expect(outcome).toMatchObject({ served: { cost: { estimated: true, unpriced: false } } });
    expect(outcome.kind === "answered" && outcome.served.usage.outputTokens).toBeGreaterThan(0);
  });

  it("prices by the model that answered where the upstream serves another one of the catalog", async () => {
    const two = sampleCatalog([
      sampleModel("acme/a", ["one"], { price }),
      sampleModel("acme/dear", ["one"], { price: { ...price, outputNanosPerMTok: 200_000_000_000n } }),
    ]);
    const { chat, clock } = start(() => ({ kind: "answer", model: "acme/dear" }), { catalog: two });
    expect(await settle(clock, chat())).toMatchObject({ served: { cost: { nanos: 4_010_000n } } });
  });

  it("leaves a deployment alone for as long as it asked, in this call and in others", async () => {
    const { chat, clock, requests } = start((_, index) =>
      index === 0 ? { kind: "fail", failure: "overloaded", retryAfterMs: 7_000 } : { kind: "answer" },
    );
    const alone = { fallback: { kind: "none" } } as const;
    const first = settle(clock, chat({ facts: alone }));
    expect(servedBy(await first)).toBe("acme/a@one");
    expect(requests[1]!.at - requests[0]!.at).toBeGreaterThanOrEqual(7_000);
    await world.close();
    const other = start((_, index) =>
      index === 0 ? { kind: "fail", failure: "overloaded", retryAfterMs: 7_000 } : { kind: "answer" },
    );
    for (let n = 0; n < 3; n++) expect(servedBy(await settle(other.clock, other.chat()))).toBe("acme/b@two");
    expect(other.requests.filter(({ upstream }) => upstream === "one")).toHaveLength(1);
  });

  it("leaves no timer, slot or lease behind", async () => {
    const { chat, clock, keys, fleet } = start(failing("server-error", "rate-limited"));
    await settle(clock, chat());
    expect(clock.pendingTimers()).toBe(0);
    expect([...keys.values()].map((pool) => pool.leased())).toEqual([0, 0, 0]);
    expect(fleet.snapshot().every(({ inFlight }) => inFlight === 0)).toBe(true);
  });
});
