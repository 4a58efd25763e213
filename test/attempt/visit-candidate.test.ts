import { afterEach, describe, expect, it } from "vitest";
import { sampleCatalog, sampleModel } from "../support/routing-samples.ts";
import { createRunnerWorld, type RunnerWorld, settle } from "../support/runner-world.ts";
import type { ScriptedReply, ScriptedRequest } from "../support/scripted-upstream.ts";

const catalog = sampleCatalog([sampleModel("acme/a", ["one"])]);
const keyIds = ["first", "second", "third", "fourth"];

let world: RunnerWorld;
afterEach(() => world.close());

function start(
  script: (request: ScriptedRequest, index: number) => ScriptedReply,
  options: Partial<Parameters<typeof createRunnerWorld>[0]> = {},
): RunnerWorld {
  world = createRunnerWorld({ catalog, script, keyIds, ...options });
  return world;
}

const refusedAfter = (afterMs: number): ScriptedReply => ({ kind: "fail", failure: "rate-limited", afterMs });

describe("a visit", () => {
  it("tries at most three keys", async () => {
    const { chat, clock, requests } = start(() => ({ kind: "fail", failure: "unauthorized" }));
    await settle(clock, chat());
    expect(requests.map(({ keyId }) => keyId)).toEqual(["first", "second", "third"]);
  });

  it("tries no other key once the gateway drains", async () => {
    const { runner, plan, clock, drain, requests } = start(() => refusedAfter(1000));
    const running = runner.chat(plan().call);
    await clock.advance(500);
    drain();
    expect(await settle(clock, running)).toMatchObject({ failure: { kind: "draining" } });
    expect(requests).toHaveLength(1);
  });

  it("tries no other key with less time than an attempt is worth", async () => {
    const { chat, clock, requests } = start(() => refusedAfter(1850));
    const outcome = await settle(clock, chat({ timeoutMs: 2000 }), 10);
    expect(outcome).toMatchObject({ kind: "failed", failure: { kind: "rate-limited" } });
    expect(requests).toHaveLength(1);
  });

  it("tries no other key at a deployment whose breaker has opened meanwhile", async () => {
    const { runner, plan, clock, fleet, requests } = start(() => refusedAfter(1000));
    const running = runner.chat(plan().call);
    await clock.advance(500);
    fleet.breaker("acme/a@one")!.trip(300_000);
    await settle(clock, running);
    expect(requests).toHaveLength(1);
  });

  it("goes on with the next key where it is itself the probe", async () => {
    const { chat, clock, fleet, requests } = start((_, index) =>
      index === 0 ? refusedAfter(100) : { kind: "answer" },
    );
    fleet.breaker("acme/a@one")!.trip(1000);
    await clock.advance(1000);
    expect(await settle(clock, chat())).toMatchObject({ kind: "answered" });
    expect(requests.map(({ keyId }) => keyId)).toEqual(["first", "second"]);
    expect(fleet.breaker("acme/a@one")!.state()).toBe("closed");
  });
});

describe("an attempt's own limit", () => {
  it("is not the caller's deadline, though nobody else is there to ask: the call goes on", async () => {
    const { chat, clock, requests, recorded } = start((_, index) =>
      index === 0 ? { kind: "hang" } : { kind: "answer" },
    );
    const outcome = await settle(clock, chat({ timeoutMs: 60_000, limits: { attemptMs: 1000 } }));
    expect(recorded[0]).toMatchObject({ outcome: "timed-out", failure: { kind: "timeout" } });
    expect(outcome).toMatchObject({ kind: "answered" });
    expect(requests).toHaveLength(2);
  });

  it("is not the caller's deadline for the first content of a stream either", async () => {
    const { stream, clock, recorded } = start((_, index) =>
      index === 0 ? { kind: "hang" } : { kind: "stream", parts: [{ text: "Hi" }, { done: true }] },
    );
    const events = await settle(clock, stream({ timeoutMs: 60_000 }));
    expect(recorded[0]).toMatchObject({ failure: { kind: "timeout", limit: "first-token" } });
    expect(events.at(-1)).toMatchObject({ kind: "finished" });
  });
});

describe("an upstream's Retry-After", () => {
  const busy: ScriptedReply = { kind: "fail", failure: "overloaded", retryAfterMs: 7000 };

  it("keeps every call away from the deployment until then", async () => {
    const { chat, clock, requests } = start((_, index) => (index === 0 ? busy : { kind: "answer" }));
    const began = clock.now();
    const first = chat();
    await clock.advance(3000);
    const second = await settle(clock, chat());
    expect(second).toMatchObject({ kind: "failed", failure: { kind: "none-available" } });
    expect(await settle(clock, first)).toMatchObject({ kind: "answered" });
    expect(requests).toHaveLength(2);
    expect(requests[1]!.at - began).toBeGreaterThanOrEqual(7000);
  });

  it("is not waited out where it is longer than a minute", async () => {
    const { chat, clock, requests } = start(() => ({ ...busy, retryAfterMs: 61_000 }));
    const began = clock.now();
    const outcome = await settle(clock, chat());
    expect(outcome).toMatchObject({ kind: "failed", failure: { kind: "overloaded" } });
    expect(outcome.kind === "failed" && outcome.failure.retryAfterMs).toBeGreaterThanOrEqual(61_000);
    expect(clock.now() - began).toBeLessThan(1000);
    expect(requests).toHaveLength(1);
  });

  it("counts after content, too", async () => {
    const { stream, chat, clock, fleet } = start(() => ({
      kind: "stream",
      parts: [{ text: "Hel" }, { fail: "overloaded", retryAfterMs: 7000 }],
    }));
    await settle(clock, stream());
    expect(fleet.snapshot()[0]!.heldUntil).toBeGreaterThan(clock.now() + 6000);
    expect(await settle(clock, chat())).toMatchObject({ failure: { kind: "none-available" } });
  });
});
