import { describe, expect, it } from "vitest";
import { type Behaviour, type FaultyUpstream } from "../support/faulty-upstream.ts";
import { runBetweenTwo } from "../support/running-scenario.ts";
import { patientLimits, type ScenarioWorld } from "../support/scenario-world.ts";
import { answers } from "../support/upstream-behaviours.ts";

let main: FaultyUpstream;
let spare: FaultyUpstream;
let world: ScenarioWorld;

/** Answers only what comes after it was opened, and then everything. */
function createGate(): { readonly behaviour: Behaviour; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    behaviour: {
      name: "answers when the gate opens",
      answer: async (exchange) => {
        await promise;
        await answers().answer(exchange);
      },
    },
    open: resolve,
  };
}

let gate: ReturnType<typeof createGate>;

async function start(listener: "grpc" | "connect", limits: string): Promise<void> {
  gate = createGate();
  const script = (): Behaviour => gate.behaviour;
  const more = `${patientLimits}\n${limits}`;
  ({ main, spare, world } = await runBetweenTwo({ script, spareScript: script, listener, more }));
}

for (const listener of ["grpc", "connect"] as const) {
  describe(`a full gateway, on the ${listener} listener`, () => {
    it("answers what it admits, and refuses the rest at once with a time to come back", async () => {
      await start(listener, "limits: { maxInFlight: 20, maxRequestBytes: 1048576 }");
      const calls = Array.from({ length: 40 }, () => world.chat());
      await main.received(19);
      gate.open();
      const seen = await Promise.all(calls);
      const answered = seen.filter(({ code }) => code === "OK");
      const refused = seen.filter(({ code }) => code !== "OK");
      // Nineteen: critical calls, the default, are refused from 95 % on.
      expect(answered.length).toBeGreaterThanOrEqual(19);
      expect(refused.length).toBeGreaterThan(0);
      for (const one of refused) {
        expect(one).toMatchObject({ code: "UNAVAILABLE", reason: "GATEWAY_OVERLOADED" });
        expect(one.retryAfterMs).toBeGreaterThan(0);
        expect(Number(one.pushback)).toBeGreaterThan(0);
      }
      expect((await world.chat()).code).toBe("OK");
    });

    it("refuses those first who matter less", async () => {
      await start(listener, "limits: { maxInFlight: 20, maxRequestBytes: 1048576 }");
      const background = Array.from({ length: 16 }, () => world.chat());
      await main.received(16);
      const codes = await Promise.all(
        ["sheddable", "sheddable-plus", "critical", "critical-plus"].map(async (criticality) => {
          const headers = { "x-switchyard-criticality": criticality };
          const seen = world.chat({ headers });
          if (criticality === "critical-plus") await main.received(18).then(gate.open);
          return (await seen).code;
        }),
      );
      expect(codes).toEqual(["UNAVAILABLE", "UNAVAILABLE", "OK", "OK"]);
      await Promise.all(background);
    });
  });

  describe(`a full deployment, on the ${listener} listener`, () => {
    it("is passed over, and never called more often at once than its limiter allows", async () => {
      await start(listener, "limiter: { start: 4, min: 1, max: 4 }");
      const calls = Array.from({ length: 8 }, () => world.chat());
      await spare.received(4);
      gate.open();
      const seen = await Promise.all(calls);
      expect(seen.map(({ code }) => code)).toEqual(Array(8).fill("OK"));
      expect(main.requests).toHaveLength(4);
      expect(spare.requests).toHaveLength(4);
    });
  });
}
