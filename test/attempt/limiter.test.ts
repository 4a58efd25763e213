import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createLimiter } from "../../src/attempt/limiter.ts";
import type { LimiterOutcome, Slot } from "../../src/attempt/limiter.ts";
import { createManualClock } from "../support/manual-clock.ts";

function stage(start: number, min = 4, max = 256) {
  const clock = createManualClock();
  const limiter = createLimiter({ start, min, max }, clock.now);
  const call = (outcome: LimiterOutcome): void => limiter.tryAcquire()?.release(outcome);
  return { clock, limiter, call };
}

describe("createLimiter()", () => {
  it("gives as many slots as the limit and not one more", () => {
    const { limiter } = stage(10);
    const slots = Array.from({ length: 12 }, () => limiter.tryAcquire());
    expect(slots.filter((slot) => slot !== undefined)).toHaveLength(10);
    expect(limiter.inFlight()).toBe(10);
    slots[0]?.release("other");
    expect(limiter.hasRoom()).toBe(true);
    expect(limiter.tryAcquire()).toBeDefined();
    expect(limiter.hasRoom()).toBe(false);
  });

  it("takes a slot back once, and learns from it once", () => {
    const { limiter } = stage(10);
    const [one] = [limiter.tryAcquire(), limiter.tryAcquire()];
    for (let again = 0; again < 3; again += 1) one?.release("overloaded");
    one?.release("ok");
    expect(limiter.inFlight()).toBe(1);
    expect(limiter.limit()).toBe(9);
  });

  it("grows by one for about a limit's worth of successes", () => {
    const { limiter, call } = stage(10);
    for (let success = 0; success < 10; success += 1) call("ok");
    expect(limiter.limit()).toBeCloseTo(11, 0);
    expect(limiter.limit()).toBeLessThan(11);
  });

  it("shrinks to nine tenths when overloaded, once a second however many calls fail at once", () => {
    const { limiter, call, clock } = stage(100);
    for (let failure = 0; failure < 50; failure += 1) call("overloaded");
    expect(limiter.limit()).toBe(90);
    clock.advanceSync(999);
    call("overloaded");
    expect(limiter.limit()).toBe(90);
    clock.advanceSync(1);
    call("overloaded");
    expect(limiter.limit()).toBe(81);
  });

  it("learns nothing from any other outcome", () => {
    const { limiter, call } = stage(10);
    call("other");
    expect(limiter.limit()).toBe(10);
  });

  it("lets calls that were under way end when the limit falls below them", () => {
    const { limiter } = stage(10);
    const slots = Array.from({ length: 10 }, () => limiter.tryAcquire());
    slots[0]?.release("overloaded");
    expect([limiter.limit(), limiter.inFlight(), limiter.hasRoom()]).toEqual([9, 9, false]);
  });

  it("always lets one call through, or it could never grow again", () => {
    const { limiter } = stage(0.5, 0.1, 10);
    expect(limiter.tryAcquire()).toBeDefined();
    expect(limiter.tryAcquire()).toBeUndefined();
  });

  it("keeps its limit within its bounds and its calls within its limit (invariant 25)", () => {
    const step = fc.oneof(
      fc.constant("acquire" as const),
      fc.record({
        slot: fc.nat(300),
        outcome: fc.constantFrom<LimiterOutcome>("ok", "overloaded", "other"),
        ms: fc.nat(1500),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), fc.integer({ min: 1, max: 40 }), (steps, start) => {
        const { limiter, clock } = stage(start, 4, 20);
        const held: Slot[] = [];
        const answers: boolean[][] = [];
        for (const one of steps) {
          if (one === "acquire") {
            const room = limiter.inFlight() + 1 <= limiter.limit();
            const slot = limiter.tryAcquire();
            answers.push([room, slot !== undefined]);
            if (slot !== undefined) held.push(slot);
          } else {
            clock.advanceSync(one.ms);
            held.splice(one.slot % (held.length + 1), 1)[0]?.release(one.outcome);
          }
          expect(limiter.inFlight()).toBe(held.length);
          expect(limiter.limit()).toBeGreaterThanOrEqual(4);
          expect(limiter.limit()).toBeLessThanOrEqual(20);
        }
        expect(answers.filter(([room, given]) => room !== given)).toEqual([]);
        for (const slot of held) slot.release("other");
        expect(limiter.inFlight()).toBe(0);
      }),
    );
  });
});
