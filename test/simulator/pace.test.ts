import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstTokenDueMs, tokenDueMs, unaryDueMs } from "../../src/simulator/pace.ts";
import { randomFor } from "../../src/simulator/seeded-random.ts";
import { createHurriedClock } from "../support/hurried-clock.ts";
import { ask, chatModel, dataOf, simulate, simulateFault } from "../support/running-simulator.ts";

const shipped = { firstTokenMs: 120, tokensPerSecond: 60 };
const digests = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString("hex"));

async function choicesOf(response: Response): Promise<unknown> {
  const { choices } = (await response.json()) as { choices: unknown };
  return choices;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

describe("the pace of an answer", () => {
  it("has its first token within a fifth of the configured time", () => {
    fc.assert(
      fc.property(digests, fc.integer({ min: 0, max: 100_000 }), (digest, firstTokenMs) => {
        const due = firstTokenDueMs({ firstTokenMs, tokensPerSecond: 1 }, randomFor(digest, "pace"));
        expect(due).toBeGreaterThanOrEqual(firstTokenMs * 0.8);
        expect(due).toBeLessThanOrEqual(firstTokenMs * 1.2);
      }),
    );
  });

  it("has its tokens in order, each within a quarter of a token's time of an even pace", () => {
    fc.assert(
      fc.property(digests, fc.double({ min: 0.1, max: 10_000, noNaN: true }), (digest, tokensPerSecond) => {
        const random = randomFor(digest, "pace");
        const tokenMs = 1000 / tokensPerSecond;
        let before = -1;
        for (let at = 0; at < 50; at += 1) {
          const due = tokenDueMs({ firstTokenMs: 0, tokensPerSecond }, random, at);
          expect(due).toBeGreaterThan(before);
          expect(Math.abs(due - at * tokenMs)).toBeLessThanOrEqual(tokenMs * 0.2501);
          before = due;
        }
      }),
    );
  });

  it("lets nobody wait longer than five seconds for the rest of a unary answer", () => {
    const due = unaryDueMs({ firstTokenMs: 0, tokensPerSecond: 1 }, () => 0.5, 1_000_000);
    expect(due).toBe(5_000);
  });

  it("is at once where both numbers are zero: no timer is set", async () => {
    const clock = createHurriedClock();
    const { post } = await simulate({ firstTokenMs: 0, tokensPerSecond: 0 }, { clock });
    await (await post(ask("hi"))).text();
    await (await post(ask("hi", { stream: true }))).text();
    expect(clock.waits).toEqual([]);
  });

  it("waits for the first token and then token by token on a stream", async () => {
    const clock = createHurriedClock();
    const { post } = await simulate(shipped, { clock });
    const text = await (
      await post(ask("hi", { stream: true, stream_options: { include_usage: true } }))
    ).text();
    const usage = JSON.parse(dataOf(text).at(-2)!).usage;
    const [first, ...others] = clock.waits;
    expect(first).toBeGreaterThanOrEqual(96);
    expect(first).toBeLessThanOrEqual(144);
    expect(others).toHaveLength(usage.completion_tokens - 1);
    const evenly = (others.length * 1000) / 60;
    expect(Math.abs(sum(others) - evenly)).toBeLessThanOrEqual(1000 / 60);
  });

  it("waits once for a unary answer, as long as a stream of it would take", async () => {
    const clock = createHurriedClock();
    const { post } = await simulate(shipped, { clock });
    const { usage } = (await (await post(ask("hi"))).json()) as { usage: { completion_tokens: number } };
    expect(clock.waits).toHaveLength(1);
    const evenly = 120 + (usage.completion_tokens * 1000) / 60;
    expect(Math.abs(sum(clock.waits) - evenly)).toBeLessThanOrEqual(24 + 1000 / 60);
  });

  it("writes all choices of a unary answer at the same time", async () => {
    const one = createHurriedClock();
    const many = createHurriedClock();
    const single = await simulate({ firstTokenMs: 0, tokensPerSecond: 60 }, { clock: one });
    const multiple = await simulate({ firstTokenMs: 0, tokensPerSecond: 60 }, { clock: many });
    await (await single.post(ask("hi", { max_tokens: 30 }))).text();
    await (await multiple.post(ask("hi", { max_tokens: 30, n: 4 }))).text();
    expect(many.waits).toEqual(one.waits);
  });

  it("does not change what is said", async () => {
    const quick = await simulate();
    const paced = await simulate(shipped, { clock: createHurriedClock() });
    expect(await choicesOf(await paced.post(ask("hi")))).toEqual(
      await choicesOf(await quick.post(ask("hi"))),
    );
  });

  it("is the same for the same request", async () => {
    const clock = createHurriedClock();
    const { post } = await simulate(shipped, { clock });
    await (await post(ask("hi", { stream: true }))).text();
    const once = [...clock.waits];
    await (await post(ask("hi", { stream: true }))).text();
    const again = clock.waits.slice(once.length);
    expect(again.map((ms) => ms.toFixed(6))).toEqual(once.map((ms) => ms.toFixed(6)));
  });

  it("does not slow down where timers run late: what is overdue leaves together", async () => {
    const clock = createHurriedClock(250);
    const { post } = await simulate(shipped, { clock });
    const text = await (
      await post(ask("hi", { stream: true, stream_options: { include_usage: true } }))
    ).text();
    const tokens: number = JSON.parse(dataOf(text).at(-2)!).usage.completion_tokens;
    // A quarter of a second is fifteen tokens.
    expect(clock.waits.length).toBeLessThanOrEqual(2 + Math.ceil(tokens / 15));
  });

  it("sends headers and role at once, before the first token is due", async () => {
    const clock = { now: () => 0, setTimer: () => ({ cancel: () => undefined }) };
    const { post } = await simulate(shipped, { clock });
    const response = await post(ask("hi", { stream: true }));
    expect(response.status).toBe(200);
    const { value } = await response.body!.getReader().read();
    expect(JSON.parse(dataOf(new TextDecoder().decode(value))[0]!).choices[0].delta.role).toBe("assistant");
  });
});

describe("slow-first-token", () => {
  it("has the first token later than every limit that ships, and the rest at the usual pace", async () => {
    const clock = createHurriedClock();
    const { post } = await simulateFault("slow-first-token", { clock });
    const text = await (await post(ask("hi", { stream: true }))).text();
    expect(text).toMatch(/\[DONE\]\n\n$/);
    expect(clock.waits).toHaveLength(1);
    expect(clock.waits[0]).toBeGreaterThan(60_000);
  });

  it("delays a unary answer as much, and leaves it whole", async () => {
    const clock = createHurriedClock();
    const { sdk } = await simulateFault("slow-first-token", { clock });
    const answer = await sdk.chat.completions.create({ model: chatModel, messages: ask("hi").messages });
    expect(answer.choices[0]?.finish_reason).toBe("stop");
    expect(sum(clock.waits)).toBeGreaterThan(60_000);
  });
});
