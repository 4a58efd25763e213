import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createThinnedSample } from "../../src/attempt/thinned-sample.ts";

function sampleOf(count: number, most: number): readonly number[] {
  const sample = createThinnedSample(most);
  for (let value = 0; value < count; value++) sample.add(value);
  return sample.values();
}

describe("a thinned sample", () => {
  it("keeps everything while there is room", () => {
    expect(sampleOf(4, 4)).toEqual([0, 1, 2, 3]);
  });

  it("keeps every other value once it is full, then every fourth", () => {
    expect(sampleOf(5, 4)).toEqual([0, 2, 4]);
    expect(sampleOf(7, 4)).toEqual([0, 2, 4, 6]);
    expect(sampleOf(9, 4)).toEqual([0, 4, 8]);
  });

  it("is spread evenly over everything that came, and holds between half of its room and all of it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: 2, max: 50 }), (count, most) => {
        const kept = sampleOf(count, most);
        const gaps = new Set(kept.slice(1).map((value, index) => value - kept[index]!));
        expect(gaps.size).toBeLessThanOrEqual(1);
        expect(kept.length).toBeLessThanOrEqual(most);
        if (count >= most) expect(kept.length).toBeGreaterThanOrEqual(most / 2);
      }),
    );
  });
});
