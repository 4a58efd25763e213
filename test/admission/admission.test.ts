import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAdmission } from "../../src/admission/admission.ts";
import type { Criticality } from "../../src/admission/criticality.ts";

const rising: readonly Criticality[] = ["sheddable", "sheddable-plus", "critical", "critical-plus"];

function door(options: { readonly maxInFlight?: number; readonly loopDelayMs?: () => number } = {}) {
  return createAdmission({
    maxInFlight: options.maxInFlight ?? 100,
    loopDelayMs: options.loopDelayMs ?? (() => 0),
    random: () => 0.5,
  });
}

describe("createAdmission()", () => {
  const shares = [
    { criticality: "sheddable", room: 70 },
    { criticality: "sheddable-plus", room: 80 },
    { criticality: "critical", room: 95 },
    { criticality: "critical-plus", room: 100 },
  ] as const;
  for (const { criticality, room } of shares) {
    it(`lets ${room} of 100 in that are ${criticality}`, () => {
      const admission = door();
      for (let inside = 0; inside < room; inside += 1) {
        expect(admission.admit(criticality).kind).toBe("admitted");
      }
      expect(admission.admit(criticality)).toEqual({ kind: "refused", why: "full", retryAfterMs: 1000 });
      expect(admission.inFlight()).toBe(room);
    });
  }

  it("always has room for one call, however small", () => {
    for (const criticality of rising) {
      expect(door({ maxInFlight: 1 }).admit(criticality).kind).toBe("admitted");
    }
  });

  it("gives room back once, however often it is released", () => {
    const admission = door({ maxInFlight: 2 });
    const first = admission.admit("critical-plus");
    const second = admission.admit("critical-plus");
    if (first.kind !== "admitted" || second.kind !== "admitted") throw new Error("no room");
    first.release();
    first.release();
    expect(admission.inFlight()).toBe(1);
    expect(admission.admit("critical-plus").kind).toBe("admitted");
    expect(admission.admit("critical-plus").kind).toBe("refused");
  });

  it("sheds what may be shed while the event loop is late", () => {
    let delay = 101;
    const admission = door({ loopDelayMs: () => delay });
    expect(rising.map((criticality) => admission.admit(criticality).kind)).toEqual([
      "refused",
      "refused",
      "admitted",
      "admitted",
    ]);
    delay = 100;
    expect(admission.admit("sheddable").kind).toBe("admitted");
  });

  it("refuses everything while it drains, and still lets those inside leave", () => {
    const admission = door();
    const inside = admission.admit("critical");
    admission.setDraining();
    expect(admission.draining()).toBe(true);
    for (const criticality of rising) {
      expect(admission.admit(criticality)).toMatchObject({ kind: "refused", why: "draining" });
    }
    if (inside.kind === "admitted") inside.release();
    expect(admission.inFlight()).toBe(0);
  });

  it("spreads the return of those it refuses", () => {
    let random = 0;
    const admission = createAdmission({ maxInFlight: 0, loopDelayMs: () => 0, random: () => random });
    const wait = (): number => {
      const refused = admission.admit("critical");
      return refused.kind === "refused" ? refused.retryAfterMs : 0;
    };
    const soonest = wait();
    random = 0.999;
    expect(soonest).toBeGreaterThan(0);
    expect(wait()).toBeGreaterThan(soonest);
    expect(wait()).toBeLessThanOrEqual(144_000);
  });

  it("never refuses who matters more where it admits who matters less", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 600 }),
        fc.integer({ min: 0, max: 600 }),
        fc.integer({ min: 0, max: 300 }),
        fc.boolean(),
        (maxInFlight, inside, delay, draining) => {
          const verdicts = rising.map((criticality) => {
            const admission = door({ maxInFlight, loopDelayMs: () => delay });
            for (let call = 0; call < inside; call += 1) admission.admit("critical-plus");
            if (draining) admission.setDraining();
            return admission.admit(criticality).kind === "admitted";
          });
          expect(verdicts).toEqual(verdicts.toSorted((a, b) => Number(a) - Number(b)));
        },
      ),
    );
  });

  it("holds its limit and comes back to nobody inside, whatever comes and goes", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.oneof(fc.constantFrom(...rising), fc.nat(30)), { maxLength: 200 }),
        (maxInFlight, steps) => {
          const admission = door({ maxInFlight });
          const releases: (() => void)[] = [];
          for (const step of steps) {
            if (typeof step === "number") {
              releases[step]?.();
            } else {
              const answer = admission.admit(step);
              if (answer.kind === "admitted") releases.push(answer.release);
            }
            expect(admission.inFlight()).toBeLessThanOrEqual(maxInFlight);
            expect(admission.inFlight()).toBeGreaterThanOrEqual(0);
          }
          for (const release of releases) release();
          expect(admission.inFlight()).toBe(0);
        },
      ),
    );
  });
});
