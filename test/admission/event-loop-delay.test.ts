import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { createEventLoopDelay, type EventLoopDelay } from "../../src/admission/event-loop-delay.ts";

let delay: EventLoopDelay;
afterEach(() => delay.close());

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

describe("createEventLoopDelay()", () => {
  it("sees a blocked loop in the window it happened in, and forgets it after the next", async () => {
    let now = 0;
    delay = createEventLoopDelay(() => now);
    await sleep(50);
    for (let pause = 0; pause < 2; pause += 1) {
      block(600);
      await sleep(20);
    }
    expect(delay.p99Ms()).toBe(0);
    now = 2_000;
    expect(delay.p99Ms()).toBeGreaterThan(400);
    expect(delay.p99Ms()).toBeGreaterThan(400);
    await sleep(200);
    now = 4_000;
    // A loaded machine is late too, but not like that.
    expect(delay.p99Ms()).toBeLessThan(400);
  });

  it("is 0 where nothing was measured", () => {
    let now = 0;
    delay = createEventLoopDelay(() => now);
    now = 10_000;
    expect(delay.p99Ms()).toBe(0);
  });
});
