import { afterEach, describe, expect, it } from "vitest";
import type { StreamEvent } from "../../src/attempt/call-outcome.ts";
import { sampleCatalog, sampleModel } from "../support/routing-samples.ts";
import { createRunnerWorld, type RunnerWorld, settle } from "../support/runner-world.ts";
import {
  sampleUsage,
  type ScriptedPart,
  type ScriptedReply,
  type ScriptedRequest,
} from "../support/scripted-upstream.ts";

const price = {
  inputNanosPerMTok: 1_000_000_000n,
  cachedInputNanosPerMTok: undefined,
  outputNanosPerMTok: 2_000_000_000n,
};
const catalog = sampleCatalog(
  [sampleModel("acme/a", ["one"], { price }), sampleModel("acme/b", ["two"], { price })],
  { fallback: { unavailable: ["acme/b"], rateLimited: ["acme/b"] } },
);

const whole: readonly ScriptedPart[] = [
  { text: "Hel" },
  { text: "lo" },
  { finish: "stop" },
  { usage: sampleUsage },
  { done: true },
];

let world: RunnerWorld;
afterEach(() => world.close());

function start(script: (request: ScriptedRequest, index: number) => ScriptedReply): RunnerWorld {
  world = createRunnerWorld({ catalog, script });
  return world;
}

/** The first request gets these parts, every other a whole answer. */
const first =
  (...parts: readonly ScriptedPart[]) =>
  (_: ScriptedRequest, index: number): ScriptedReply => ({
    kind: "stream",
    parts: index === 0 ? parts : whole,
  });

function shape(events: readonly StreamEvent[]): readonly string[] {
  return events.map((event) => {
    switch (event.kind) {
      case "started":
        return `started ${event.serving.deployment} ${event.serving.reason}`;
      case "deltas":
        return event.deltas.map(({ delta }) => (delta.case === "text" ? delta.value : delta.case)).join("");
      case "restarted":
        return `restarted ${event.deployment}`;
      case "finished":
        return `finished ${event.served.attempt.deployment} ${event.served.reason}`;
      case "failed":
        return `failed ${event.failure.kind}${event.failure.contentSent ? " after content" : ""}`;
    }
  });
}

const fallenBack = ["started acme/b@two fallback", "Hel", "lo", "finished acme/b@two fallback"];

describe("a streamed run", () => {
  it("starts with the first content, and finishes with usage, cost and reasons", async () => {
    const { stream, clock, telemetry } = start(first(...whole));
    const events = await settle(clock, stream());
    expect(shape(events)).toEqual(["started acme/a@one primary", "Hel", "lo", "finished acme/a@one primary"]);
    expect(events.at(-1)).toMatchObject({
      ends: [{ nativeFinishReason: "stop" }],
      served: { cost: { nanos: 50_000n, estimated: false } },
    });
    expect(telemetry.span("chat acme/a").attributes).toMatchObject({
      "switchyard.stream.chunks": 2,
      "switchyard.stream.interrupted": false,
    });
  });

  it("takes an end without finish reason for no answer, unless it was declared done", async () => {
    const cut = start(first({ alive: true }));
    expect(shape(await settle(cut.clock, cut.stream()))).toEqual(fallenBack);
    await world.close();
    const done = start(first({ text: "Hi" }, { done: true }));
    expect(shape(await settle(done.clock, done.stream()))).toEqual([
      "started acme/a@one primary",
      "Hi",
      "finished acme/a@one primary",
    ]);
  });

  it("is whole with its finish reason though [DONE] and usage never come", async () => {
    for (const rest of [[], [{ hang: true } as const], [{ fail: "connection-lost" } as const]]) {
      const { stream, clock } = start(first({ text: "Hi" }, { finish: "stop" }, ...rest));
      const events = await settle(clock, stream());
      expect(shape(events).at(-1)).toBe("finished acme/a@one primary");
      expect(events.at(-1)).toMatchObject({ served: { cost: { estimated: true } } });
      expect(clock.pendingTimers()).toBe(0);
      await world.close();
    }
    start(first());
  });

  it("falls back before the first content, whatever goes wrong", async () => {
    for (const part of [
      { fail: "bad-response" },
      { fail: "connection-lost" },
      { fail: "server-error" },
      { hang: true },
    ] as const) {
      const { stream, clock, requests } = start(first({ alive: true }, part));
      expect(shape(await settle(clock, stream()))).toEqual(fallenBack);
      expect(requests[0]!.abortedAt).toBeDefined();
      await world.close();
    }
    start(first());
  });

  it("does not let signs of life stand for content", async () => {
    const heartbeats = Array.from({ length: 100 }, () => ({ alive: true, afterMs: 1000 }) as const);
    const { stream, clock, recorded } = start(first(...heartbeats));
    expect(shape(await settle(clock, stream()))).toEqual(fallenBack);
    expect(recorded[0]).toMatchObject({ outcome: "timed-out", failure: { limit: "first-token" } });
  });

  it("breaks after content with what was used so far, and counts it as a late failure", async () => {
    for (const part of [{ fail: "connection-lost" }, { fail: "bad-response" }, { hang: true }] as const) {
      const { stream, clock, requests, recorded, telemetry, fleet } = start(first({ text: "Hel" }, part));
      const events = await settle(clock, stream());
      expect(shape(events)).toEqual([
        "started acme/a@one primary",
        "Hel",
        "failed stream-broken after content",
      ]);
      expect(requests).toHaveLength(1);
      expect(requests[0]!.abortedAt).toBeDefined();
      expect(recorded[0]).toMatchObject({
        outcome: "failed",
        failure: { kind: "stream-broken" },
        cost: { estimated: true },
      });
      expect(fleet.snapshot()[0]!.breaker.failurePpm).toBe(1_000_000);
      expect(telemetry.span("route").attributes["switchyard.route.outcome"]).toBe("partial");
      expect(telemetry.span("chat acme/a").attributes["switchyard.stream.interrupted"]).toBe(true);
      await world.close();
    }
    start(first());
  });

  it("never calls a truncated answer whole", async () => {
    const { stream, clock } = start(first({ text: "Hel" }));
    expect(shape(await settle(clock, stream())).at(-1)).toBe("failed stream-broken after content");
  });

  it("ends a stream whose bytes stop for the idle limit, and one whose content stops for the token limit", async () => {
    const silent = start(first({ text: "Hel" }, { hang: true }));
    await settle(silent.clock, silent.stream());
    expect(silent.recorded[0]).toMatchObject({ failure: { limit: "byte-idle" } });
    await world.close();
    const heartbeats = Array.from({ length: 100 }, () => ({ alive: true, afterMs: 10_000 }) as const);
    const beating = start(first({ text: "Hel" }, ...heartbeats));
    const began = beating.clock.now();
    await settle(beating.clock, beating.stream());
    expect(beating.recorded[0]).toMatchObject({ failure: { limit: "token-idle" } });
    expect(beating.clock.now() - began).toBeLessThan(61_000);
    await world.close();
    // Within the breaker's window; and what is left of the limit is not what counts.
    const own = start(first({ text: "Hel" }, ...heartbeats));
    await settle(own.clock, own.stream({ limits: { tokenIdleMs: 25_000, configuredTokenIdleMs: 25_000 } }));
    expect(own.fleet.snapshot()[0]!.breaker.failurePpm).toBe(1_000_000);
    await world.close();
    const narrowed = start(first({ text: "Hel" }, ...heartbeats));
    await settle(narrowed.clock, narrowed.stream({ limits: { tokenIdleMs: 5_000 } }));
    expect(narrowed.recorded[0]).toMatchObject({ failure: { limit: "token-idle" } });
    expect(narrowed.fleet.snapshot()[0]!.breaker.failurePpm).toBe(0);
  });

  it("lets a slow stream go on as long as content comes", async () => {
    const drip = Array.from({ length: 30 }, () => ({ text: "x", afterMs: 15_000 }) as const);
    const { stream, clock } = start(first({ text: "x" }, ...drip, { finish: "stop" }, { done: true }));
    const events = await settle(clock, stream({ timeoutMs: 600_000 }), 1000);
    expect(shape(events).at(-1)).toBe("finished acme/a@one primary");
  });

  it("does not count the time in which the caller reads nothing", async () => {
    const { runner, plan, clock } = start(first(...whole));
    const events = runner.chatStream(plan({ timeoutMs: 600_000 }).call)[Symbol.asyncIterator]();
    const seen: StreamEvent[] = [];
    for (;;) {
      const result = await settle(clock, events.next());
      if (result.done === true) break;
      seen.push(result.value);
      await clock.advance(90_000);
    }
    expect(shape(seen).at(-1)).toBe("finished acme/a@one primary");
  });

  it("ends the request when the caller stops reading, at whatever point", async () => {
    for (const after of [1, 2, 3]) {
      const { runner, plan, clock, requests, recorded, telemetry, fleet } = start(first(...whole));
      const events = runner.chatStream(plan().call)[Symbol.asyncIterator]();
      for (let n = 0; n < after; n++) await settle(clock, events.next());
      await events.return!();
      expect(requests[0]!.abortedAt).toBeDefined();
      expect(recorded.map(({ outcome }) => outcome)).toEqual(["cancelled"]);
      expect(recorded[0]!.cost).toMatchObject({ estimated: true });
      expect(telemetry.span("route").attributes["switchyard.route.outcome"]).toBe("cancelled");
      expect(fleet.snapshot()[0]).toMatchObject({ inFlight: 0, breaker: { failurePpm: 0 } });
      expect(clock.pendingTimers()).toBe(0);
      await world.close();
    }
    start(first());
  });

  it("ends with the caller's cancel and deadline in mid-stream", async () => {
    for (const why of ["cancelled", "deadline-exceeded", "draining"] as const) {
      const { runner, plan, clock, requests } = start(first({ text: "Hel" }, { hang: true }));
      const { call, end } = plan();
      const seen: StreamEvent[] = [];
      const reading = (async () => {
        for await (const event of runner.chatStream(call)) seen.push(event);
      })();
      await clock.advance(100);
      end(why);
      await settle(clock, reading);
      expect(shape(seen)).toEqual(["started acme/a@one primary", "Hel", `failed ${why} after content`]);
      expect(requests[0]!.abortedAt).toBeDefined();
      await world.close();
    }
    start(first());
  });

  it("starts over at another deployment after content where the caller allows it, and says so", async () => {
    const { stream, clock, telemetry } = start(first({ text: "Hel" }, { fail: "connection-lost" }));
    const events = await settle(clock, stream({ restart: "allowed" }));
    expect(shape(events)).toEqual([
      "started acme/a@one primary",
      "Hel",
      "restarted acme/b@two",
      "Hel",
      "lo",
      "finished acme/b@two restart",
    ]);
    expect(events[2]).toMatchObject({ failed: { number: 1, failure: { kind: "stream-broken" } } });
    expect(telemetry.span("route").attributes["switchyard.route.outcome"]).toBe("fallback");
  });

  it("says that the stream broke where nobody can start over", async () => {
    const { stream, clock } = start((_, index) =>
      index === 0
        ? { kind: "stream", parts: [{ text: "Hel" }, { fail: "connection-lost" }] }
        : { kind: "fail", failure: "server-error" },
    );
    const events = await settle(clock, stream({ restart: "allowed" }));
    expect(shape(events)).toEqual([
      "started acme/a@one primary",
      "Hel",
      "failed stream-broken after content",
    ]);
  });

  it("sends nothing before the answer is whole where the caller asks for that", async () => {
    const { stream, clock } = start(first({ text: "Hel" }, { fail: "connection-lost" }));
    const events = await settle(clock, stream({ restart: "buffer" }));
    expect(shape(events)).toEqual(["started acme/b@two restart", "Hello", "finished acme/b@two restart"]);
  });

  it("takes an answer that ends without content for an answer", async () => {
    const { stream, clock } = start(first({ finish: "content_filter" }, { done: true }));
    const events = await settle(clock, stream());
    expect(shape(events)).toEqual(["started acme/a@one primary", "finished acme/a@one primary"]);
    expect(events.at(-1)).toMatchObject({ ends: [{ nativeFinishReason: "content_filter" }] });
  });
});
