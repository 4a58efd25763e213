import { describe, expect, it } from "vitest";
import { createLimitTimer, type LimitTimer } from "../../src/attempt/limit-timer.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";

function stage(): { readonly clock: ManualClock; readonly limits: LimitTimer; readonly runs: () => number } {
  const clock = createManualClock();
  let runs = 0;
  const limits = createLimitTimer(clock.now, clock.setTimer, () => {
    runs += 1;
  });
  return { clock, limits, runs: () => runs };
}

describe("createLimitTimer()", () => {
  it("runs out once, at the limit that is due first", () => {
    const { clock, limits, runs } = stage();
    limits.set("byte-idle", 300);
    limits.set("token-idle", 200);
    limits.set("finish", 400);
    clock.advanceSync(199);
    expect(limits.expired()).toBeUndefined();
    clock.advanceSync(1000);
    expect(limits.expired()).toEqual({ limit: "token-idle", ms: 200 });
    expect(runs()).toBe(1);
  });

  it("names the one set first of two that are due at once", () => {
    const { clock, limits } = stage();
    limits.set("byte-idle", 200);
    limits.set("token-idle", 200);
    clock.advanceSync(200);
    expect(limits.expired()?.limit).toBe("byte-idle");
  });

  it("counts a limit anew when it is set again, later or earlier", () => {
    const { clock, limits } = stage();
    limits.set("byte-idle", 100);
    clock.advanceSync(90);
    limits.set("byte-idle", 100);
    clock.advanceSync(99);
    expect(limits.expired()).toBeUndefined();
    limits.set("byte-idle", 0);
    clock.advanceSync(0);
    expect(limits.expired()).toEqual({ limit: "byte-idle", ms: 0 });
  });

  it("lets a cleared limit rest until it is set again", () => {
    const { clock, limits } = stage();
    limits.set("first-token", 100);
    limits.clear("first-token");
    limits.clear("finish");
    clock.advanceSync(1000);
    expect(limits.expired()).toBeUndefined();
    limits.set("first-token", 50);
    clock.advanceSync(50);
    expect(limits.expired()).toEqual({ limit: "first-token", ms: 50 });
  });

  it("keeps to what ran out, whatever is set afterwards", () => {
    const { clock, limits, runs } = stage();
    limits.set("token-idle", 100);
    clock.advanceSync(100);
    limits.set("token-idle", 70);
    clock.advanceSync(1000);
    expect(limits.expired()).toEqual({ limit: "token-idle", ms: 100 });
    expect(runs()).toBe(1);
  });

  it("gives back its timer when it is cancelled, and takes no other", () => {
    const { clock, limits } = stage();
    limits.set("attempt", 100);
    limits.cancel();
    limits.set("finish", 10);
    expect(clock.pendingTimers()).toBe(0);
  });
});
