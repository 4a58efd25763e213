import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { createHurriedClock } from "../support/hurried-clock.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { ask, bodyOf, simulate, simulateFault } from "../support/running-simulator.ts";

const slow = { firstTokenMs: 1_000, tokensPerSecond: 1 };

describe("a client that leaves", () => {
  it("before the first token of a stream leaves no timer behind", async () => {
    const clock = createManualClock();
    const { post } = await simulate(slow, { clock });
    const controller = new AbortController();
    await post(ask("hi", { stream: true }), { signal: controller.signal });
    await expect.poll(() => clock.pendingTimers()).toBe(1);
    controller.abort();
    await expect.poll(() => clock.pendingTimers()).toBe(0);
  });

  it("in the middle of a stream ends the stream", async () => {
    const clock = createManualClock();
    const { post } = await simulate(slow, { clock });
    const controller = new AbortController();
    const response = await post(ask("hi", { stream: true }), { signal: controller.signal });
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    let text = "";
    while (!text.includes('"content":"This"')) {
      await clock.advance(1_300);
      text += decoder.decode((await reader.read()).value);
    }
    await expect.poll(() => clock.pendingTimers()).toBe(1);
    controller.abort();
    await expect.poll(() => clock.pendingTimers()).toBe(0);
  });

  it("before a unary answer is due leaves no timer behind, and harms nobody else", async () => {
    const clock = createManualClock();
    const { post, sdk } = await simulate(slow, { clock });
    const controller = new AbortController();
    const left = post(ask("hi"), { signal: controller.signal }).catch(() => "left");
    const other = post(ask("hello"));
    await expect.poll(() => clock.pendingTimers()).toBe(2);
    controller.abort();
    expect(await left).toBe("left");
    await expect.poll(() => clock.pendingTimers()).toBe(1);
    await clock.advance(60_000);
    expect((await other).status).toBe(200);
    expect((await sdk.models.list()).data).toHaveLength(2);
  });

  it("while it sends its request is forgotten", async () => {
    const clock = createManualClock();
    const { baseUrl, post } = await simulate({}, { clock });
    const { hostname, port } = new URL(baseUrl);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.write(
      "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer any\r\ncontent-length: 100\r\n\r\n{",
    );
    socket.on("error", () => undefined);
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.resetAndDestroy();
    expect((await post(ask("hi"))).status).toBe(200);
  });

  it("that does not read holds the answer back instead of filling our memory", async () => {
    const clock = createHurriedClock();
    const { post } = await simulate({}, { clock });
    // Some 30 MB: more than the system keeps for a connection.
    const long = { stream: true, n: 128, logprobs: true, top_logprobs: 20 };
    const response = await post(ask("hi", long));
    let before = -1;
    await expect
      .poll(
        () => {
          const same = before === clock.looks();
          before = clock.looks();
          return same;
        },
        { interval: 100 },
      )
      .toBe(true);
    const { text, end } = await bodyOf(response);
    expect(end).toBe("whole");
    expect(text).toMatch(/\[DONE\]\n\n$/);
    expect(clock.looks()).toBeGreaterThan(before);
  });
});

describe("close()", () => {
  for (const stream of [true, false]) {
    it(`breaks answers under way and leaves no timer behind (${stream ? "streams" : "unary"})`, async () => {
      const clock = createManualClock();
      const { post, close } = await simulate(slow, { clock });
      const under = Array.from({ length: 5 }, async () => {
        const response = await post(ask("hi", { stream })).catch(() => undefined);
        return response === undefined ? "broken" : (await bodyOf(response)).end;
      });
      await expect.poll(() => clock.pendingTimers()).toBe(5);
      await close();
      expect(await Promise.all(under)).toEqual(Array.from({ length: 5 }, () => "broken"));
      await expect.poll(() => clock.pendingTimers()).toBe(0);
    });
  }

  it("ends idle connections and gives the port back", async () => {
    const first = await simulate();
    await (await first.post(ask("hi"))).text();
    await first.close();
    await expect(first.post(ask("hi"))).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
    const again = await simulate({}, { port: Number(new URL(first.baseUrl).port) });
    expect(again.baseUrl).toBe(first.baseUrl);
    expect((await again.post(ask("hi"))).status).toBe(200);
  });

  it("may be called twice, and while a stalled stream is open", async () => {
    const { post, close } = await simulateFault("stall");
    const response = await post(ask("hi", { stream: true }));
    await Promise.all([close(), close()]);
    expect((await bodyOf(response)).end).toBe("broken");
    await close();
  });
});
