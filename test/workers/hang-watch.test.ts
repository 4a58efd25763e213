import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type HangWatch, watchForHangs } from "../../src/workers/hang-watch.ts";

describe("the watch for workers that hang", () => {
  let watch: HangWatch;
  let hung: number[];
  let pings: number;
  beforeEach(() => {
    vi.useFakeTimers();
    hung = [];
    pings = 0;
    watch = watchForHangs(() =>
      [1, 2].map((id) => ({ id, ping: () => void (pings += 1), onHang: () => void hung.push(id) })),
    );
  });
  afterEach(() => {
    watch.stop();
    vi.useRealTimers();
  });

  it("finds one that has missed six pings, once, and none that answers", () => {
    for (let n = 0; n < 20; n++) {
      vi.advanceTimersByTime(5_000);
      watch.answered(2);
      if (n === 5) expect(hung).toEqual([]);
      if (n === 6) expect(hung).toEqual([1]);
    }
    expect(hung).toEqual([1]);
  });

  it("forgives what was missed once it answers", () => {
    for (let n = 0; n < 20; n++) {
      vi.advanceTimersByTime(5_000);
      watch.answered(2);
      if (n % 5 === 4) watch.answered(1);
    }
    expect(hung).toEqual([]);
  });

  it("asks nobody any more once it is stopped", () => {
    watch.stop();
    vi.advanceTimersByTime(60_000);
    expect(pings).toBe(0);
  });
});
