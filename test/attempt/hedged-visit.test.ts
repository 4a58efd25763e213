import { create } from "@bufbuild/protobuf";
import { afterEach, describe, expect, it } from "vitest";
import { UsageSchema, UsageSource } from "../../gen/switchyard/v1/content_pb.ts";
import { sampleCatalog, sampleModel } from "../support/routing-samples.ts";
import { createRunnerWorld, type RunnerWorld, settle } from "../support/runner-world.ts";
import type { ScriptedReply, ScriptedRequest } from "../support/scripted-upstream.ts";

const price = {
  inputNanosPerMTok: 1_000_000_000n,
  cachedInputNanosPerMTok: undefined,
  outputNanosPerMTok: 2_000_000_000n,
};
const catalog = sampleCatalog([
  sampleModel("acme/a", ["one", "two"], { price }),
  sampleModel("acme/b", ["three"], { price }),
]);
const generous = { enabled: true, delayMs: 2000, maxExtraPercent: 100 };

let world: RunnerWorld;
afterEach(() => world.close());

function start(
  script: (request: ScriptedRequest, index: number) => ScriptedReply,
  options: Partial<Parameters<typeof createRunnerWorld>[0]> = {},
): RunnerWorld {
  world = createRunnerWorld({ catalog, script, hedge: generous, ...options });
  return world;
}

const after =
  (oneMs: number, twoMs: number) =>
  ({ upstream, stream }: ScriptedRequest): ScriptedReply => {
    const afterMs = upstream === "one" ? oneMs : twoMs;
    if (!stream) return { kind: "answer", afterMs, text: upstream };
    return { kind: "stream", parts: [{ text: upstream, afterMs }, { finish: "stop" }, { done: true }] };
  };

describe("a hedge", () => {
  it("is not started by default, nor before the first has been silent for the delay", async () => {
    const off = start(after(9000, 0), { hedge: { enabled: false } });
    await settle(off.clock, off.chat());
    expect(off.requests).toHaveLength(1);
    await world.close();
    const quick = start(after(1900, 0));
    await settle(quick.clock, quick.chat());
    expect(quick.requests).toHaveLength(1);
    expect(quick.clock.pendingTimers()).toBe(0);
  });

  for (const kind of ["unary", "stream"] as const) {
    it(`answers first, and the ${kind} attempt that lost is ended at once and accounted`, async () => {
      const { chat, stream, clock, requests, recorded, telemetry, fleet } = start(after(9000, 500));
      const begun = clock.now();
      const ended = kind === "unary" ? await settle(clock, chat()) : (await settle(clock, stream())).at(-1)!;
      expect(ended).toMatchObject({
        served: { reason: "hedge", attempt: { number: 2, deployment: "acme/a@two" } },
      });
      expect(requests.map(({ at }) => at - begun)).toEqual([0, 2000]);
      expect(requests[0]!.abortedAt).toBe(begun + 2500);
      const lost = recorded.find(({ outcome }) => outcome === "hedge-lost");
      expect(lost).toMatchObject({ number: 1, deployment: "acme/a@one", cost: { estimated: true } });
      expect(lost!.cost!.nanos).toBeGreaterThan(0n);
      expect(telemetry.span("route").attributes["switchyard.route.outcome"]).toBe("hedged");
      const spans = telemetry.spans().filter(({ name }) => name === "chat acme/a");
      const hedge = spans.find(({ attributes }) => attributes["switchyard.attempt.reason"] === "hedge");
      const loser = spans.find(({ attributes }) => attributes["switchyard.attempt.outcome"] === "hedge_lost");
      expect(hedge!.links[0]!.context.spanId).toBe(loser!.spanContext().spanId);
      expect(loser!.status.code).toBe(0);
      expect(
        fleet.snapshot().every(({ inFlight, breaker }) => inFlight === 0 && breaker.failurePpm === 0),
      ).toBe(true);
      expect(clock.pendingTimers()).toBe(0);
    });
  }

  it("loses against a first attempt that answers after all", async () => {
    const { chat, clock, requests, recorded } = start(after(2500, 9000));
    expect(await settle(clock, chat())).toMatchObject({ served: { reason: "primary" } });
    expect(requests[1]!.abortedAt).toBeDefined();
    expect(recorded.map(({ outcome }) => outcome).toSorted()).toEqual(["hedge-lost", "succeeded"]);
  });

  it("saves the call when the first fails meanwhile, and does not hide a refusal", async () => {
    const rescued = start(({ upstream }) =>
      upstream === "one"
        ? { kind: "fail", failure: "server-error", afterMs: 2500 }
        : { kind: "answer", afterMs: 3000 },
    );
    expect(await settle(rescued.clock, rescued.chat())).toMatchObject({ served: { reason: "hedge" } });
    await world.close();
    const refused = start(({ upstream }) =>
      upstream === "one" ? { kind: "fail", failure: "invalid-request", afterMs: 2500 } : { kind: "hang" },
    );
    expect(await settle(refused.clock, refused.chat())).toMatchObject({
      failure: { kind: "invalid-request" },
    });
  });

  for (const kind of ["unary", "stream"] as const) {
    it(`keeps a ${kind} answer that is there when the other side is refused in the same tick`, async () => {
      const { chat, stream, clock, recorded, keys, fleet } = start((request) =>
        request.upstream === "one"
          ? { kind: "fail", failure: "invalid-request", afterMs: 2500 }
          : after(0, 500)(request),
      );
      const running: Promise<unknown> = kind === "unary" ? chat() : stream().then((events) => events.at(-1));
      await clock.advance(2499);
      clock.advanceSync(1);
      expect(await settle(clock, running)).toMatchObject({
        served: { reason: "hedge", attempt: { number: 2, deployment: "acme/a@two" } },
      });
      const ends = recorded.map(({ deployment, outcome }) => `${deployment} ${outcome}`);
      expect(ends.toSorted()).toEqual(["acme/a@one failed", "acme/a@two succeeded"]);
      expect(fleet.snapshot().every(({ inFlight }) => inFlight === 0)).toBe(true);
      expect([...keys.values()].every(({ leased }) => leased() === 0)).toBe(true);
      expect(clock.pendingTimers()).toBe(0);
    });
  }

  it("fails once where both fail, and goes on with the plan", async () => {
    const { chat, clock, requests } = start((_, index) =>
      index < 2 ? { kind: "fail", failure: "server-error", afterMs: 2500 } : { kind: "answer" },
    );
    expect(await settle(clock, chat())).toMatchObject({ kind: "answered" });
    expect(requests).toHaveLength(3);
  });

  it("is given up with the caller, both attempts at once", async () => {
    const { runner, plan, clock, requests, recorded } = start(() => ({ kind: "hang" }));
    const { call, end } = plan();
    const running = runner.chat(call);
    await clock.advance(3000);
    expect(requests).toHaveLength(2);
    end("cancelled");
    expect(await settle(clock, running)).toMatchObject({ failure: { kind: "cancelled" } });
    expect(requests.every(({ abortedAt }) => abortedAt === clock.now() || abortedAt! <= clock.now())).toBe(
      true,
    );
    expect(recorded.map(({ outcome }) => outcome)).toEqual(["cancelled", "cancelled"]);
  });

  it("is no probe: a breaker that is not closed gets none", async () => {
    const { chat, clock, requests, fleet } = start(after(9000, 0));
    fleet.breaker("acme/a@two")!.trip(60_000);
    await settle(clock, chat());
    expect(requests.map(({ upstream }) => upstream)).toEqual(["one"]);
  });

  it("is paid from the retry budget and from a share of all tokens", async () => {
    const { chat, clock, requests, fleet } = start(after(9000, 0));
    while (fleet.budget("two").take());
    fleet.budget("two").firstAttempt();
    await settle(clock, chat({ timeoutMs: 60_000 }));
    // Two seconds bring two tokens, so the hedge is paid after all.
    expect(requests).toHaveLength(2);
    await world.close();
    const stingy = start(after(9000, 0), { hedge: { ...generous, maxExtraPercent: 1 } });
    await settle(stingy.clock, stingy.chat());
    expect(stingy.requests).toHaveLength(1);
  });

  it("wastes at most its share of all tokens, however slow the first is", async () => {
    const { chat, clock, recorded } = start(
      ({ upstream }) => ({
        kind: "answer",
        afterMs: upstream === "one" ? 2100 : 50,
        usage: create(UsageSchema, { inputTokens: 10, outputTokens: 500, source: UsageSource.UPSTREAM }),
      }),
      { hedge: { ...generous, maxExtraPercent: 10 } },
    );
    for (let n = 0; n < 100; n++) await settle(clock, chat());
    const tokens = (lost: boolean): number =>
      recorded
        .filter(({ outcome }) => (outcome === "hedge-lost") === lost)
        .reduce((sum, { usage }) => sum + (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0), 0);
    const hedges = recorded.filter(({ outcome }) => outcome === "hedge-lost").length;
    expect(hedges).toBeGreaterThan(10);
    expect(hedges).toBeLessThan(100);
    expect(tokens(true)).toBeLessThanOrEqual(tokens(false) * 0.1);
  });
});
