import { describe, expect, it } from "vitest";
import type { ArmSamples } from "../../src/routing/arm-samples.ts";
import { lookAtCosts, lookAtFirstTokens } from "../../src/routing/canary-look.ts";

/** From 0.75 to 1.25 times the middle, evenly. */
function around(middle: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => middle * (0.75 + (0.5 * index) / (count - 1)));
}

function kindOf(ratio: number, { stable = 200, canary = 50, middle = 400 } = {}): ArmSamples {
  return { stable: around(middle, stable), canary: around(middle * ratio, canary) };
}

for (const [measure, look] of [
  ["first tokens", lookAtFirstTokens],
  ["costs", lookAtCosts],
] as const) {
  describe(`a look at ${measure}`, () => {
    it("finds equal arms alike", () => {
      expect(look([kindOf(1)])).toEqual({ kind: "alike", ratio: expect.closeTo(1, 2) });
    });

    it("finds a canary worse by 30 %", () => {
      expect(look([kindOf(1.3)])).toEqual({ kind: "worse", ratio: expect.closeTo(1.3, 2) });
    });

    it("tolerates a quarter, however sure it is", () => {
      expect(look([kindOf(1.24, { stable: 5000, canary: 1000 })]).kind).toBe("alike");
    });

    it("never finds a better canary worse", () => {
      expect(look([kindOf(0.5)]).kind).toBe("alike");
    });

    it("is none with fewer than fifty of either arm", () => {
      expect(look([])).toEqual({ kind: "too-few" });
      expect(look([kindOf(3, { canary: 49 })]).kind).toBe("too-few");
      expect(look([kindOf(3, { stable: 49 })]).kind).toBe("too-few");
    });

    it("counts only kinds that both arms have", () => {
      const lopsided = { stable: [], canary: around(9000, 500) };
      expect(look([lopsided]).kind).toBe("too-few");
      expect(look([kindOf(1), lopsided])).toEqual({ kind: "alike", ratio: expect.closeTo(1, 2) });
    });

    it("is not misled by a canary that has more of the slow and dear kind", () => {
      const small = kindOf(1, { middle: 100, stable: 400, canary: 10 });
      const large = kindOf(1, { middle: 5000, stable: 50, canary: 200 });
      expect(look([small, large])).toEqual({ kind: "alike", ratio: expect.closeTo(1, 2) });
    });

    it("adds up kinds that are too small alone", () => {
      const kinds = [100, 400, 900, 2500, 7000].map((middle) =>
        kindOf(1.4, { middle, stable: 40, canary: 12 }),
      );
      expect(look(kinds)).toEqual({ kind: "worse", ratio: expect.closeTo(1.4, 1) });
    });
  });
}

describe("a look at costs", () => {
  it("does not take a few dear calls for a dear canary", () => {
    const stable = Array.from({ length: 950 }, () => 100);
    const canary = Array.from({ length: 50 }, (_, index) => (index === 7 ? 5000 : 100));
    expect(lookAtCosts([{ stable, canary }])).toEqual({ kind: "alike", ratio: expect.closeTo(1.98, 2) });
  });

  it("is sure at once where nothing scatters", () => {
    const arms = { stable: around(100, 50).map(() => 100), canary: around(100, 50).map(() => 126) };
    expect(lookAtCosts([arms]).kind).toBe("worse");
  });

  it("is none where nothing costs anything", () => {
    const free = Array.from({ length: 60 }, () => 0);
    expect(lookAtCosts([{ stable: free, canary: free }]).kind).toBe("too-few");
  });
});

describe("a look at first tokens", () => {
  it("does not split hairs below a millisecond", () => {
    expect(lookAtFirstTokens([kindOf(3, { middle: 0.2 })]).kind).toBe("alike");
  });

  it("does not take chance for a slow canary where times scatter from one second to hours", () => {
    const stable = Array.from({ length: 50 }, (_, index) => 1000 * Math.exp(index / 5));
    const canary = stable.map((ms) => 1.3 * ms);
    expect(lookAtFirstTokens([{ stable, canary }])).toEqual({ kind: "alike", ratio: expect.closeTo(1.3, 2) });
  });

  it("is a matter of ranks: a few calls that hang say little", () => {
    const canary = around(400, 50).map((ms, index) => (index < 5 ? 60_000 : ms));
    expect(lookAtFirstTokens([{ stable: around(400, 200), canary }]).kind).toBe("alike");
  });
});
