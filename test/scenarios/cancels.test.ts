import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { BreakerState } from "../../gen/switchyard/v1/routing_pb.ts";
import { type FaultyUpstream, type Script } from "../support/faulty-upstream.ts";
import { runBetweenTwo } from "../support/running-scenario.ts";
import { limitsOf, patientLimits, quickLimits, type ScenarioWorld } from "../support/scenario-world.ts";
import {
  hangsBeforeHeaders,
  resetsBeforeHeaders,
  streamsThenStalls,
} from "../support/upstream-behaviours.ts";

let main: FaultyUpstream;
let spare: FaultyUpstream;
let world: ScenarioWorld;

async function start(script: Script, listener: "grpc" | "connect", more = quickLimits): Promise<void> {
  ({ main, spare, world } = await runBetweenTwo({ script, listener, more }));
}

const longBackoff = limitsOf({
  firstTokenMs: 30_000,
  unaryMs: 60_000,
  retry: "{ attempts: 5, baseMs: 20000, capMs: 20000, jitter: none, budgetRatio: 0.1, budgetPerSecond: 1 }",
});

for (const listener of ["grpc", "connect"] as const) {
  describe(`a caller that leaves, on the ${listener} listener`, () => {
    for (const kind of ["chat", "chatStream"] as const) {
      it(`ends a ${kind} at its upstream, asks nobody else and costs the breaker nothing`, async () => {
        await start(() => hangsBeforeHeaders, listener, patientLimits);
        const abort = new AbortController();
        const call = world[kind]({ signal: abort.signal });
        await main.received(1);
        abort.abort();
        expect((await call).code).toBe("CANCELLED");
        await main.aborted(0);
        expect(spare.requests).toHaveLength(0);
        expect(await world.health("acme/main@main")).toMatchObject({
          breakerState: BreakerState.CLOSED,
          failurePpm: 0,
          inFlight: 0,
        });
      });
    }

    it("ends a stream in its middle, and what came is accounted as an estimate", async () => {
      await start(() => streamsThenStalls(2), listener, patientLimits);
      const abort = new AbortController();
      const seen = await world.chatStream({
        signal: abort.signal,
        onEvent: (event) => {
          if (event === "delta") abort.abort();
        },
      });
      expect(seen.code).toBe("CANCELLED");
      await main.aborted(0);
      await expect.poll(() => requestLine()?.["switchyard.cost.amount"]).toBeGreaterThan(0);
      expect(requestLine()).toMatchObject({ code: "CANCELLED", "switchyard.route.outcome": "cancelled" });
      expect(await world.health("acme/main@main")).toMatchObject({ failurePpm: 0, inFlight: 0 });
    });

    it("gives up a call that waits between rounds", async () => {
      await start(() => resetsBeforeHeaders, listener, longBackoff);
      await spare.close();
      const abort = new AbortController();
      const call = world.chat({ signal: abort.signal });
      await main.received(1);
      await sleep(50);
      abort.abort();
      expect((await call).code).toBe("CANCELLED");
      expect(main.requests).toHaveLength(1);
    });
  });

  describe(`a deadline, on the ${listener} listener`, () => {
    it("is kept though the upstream says nothing, without a retry, and costs the breaker nothing", async () => {
      await start(() => hangsBeforeHeaders, listener, patientLimits);
      for (const kind of ["chat", "chatStream"] as const) {
        // By hand: the client's own timer would answer before a busy server does.
        const headers = listener === "grpc" ? { "grpc-timeout": "900m" } : { "connect-timeout-ms": "900" };
        const seen = await world[kind]({ headers });
        expect(seen).toMatchObject({ code: "DEADLINE_EXCEEDED", reason: "DEADLINE_EXCEEDED" });
        expect(seen.ms).toBeLessThan(10_000);
      }
      await main.aborted(0);
      await main.aborted(1);
      expect(main.requests).toHaveLength(2);
      expect(spare.requests).toHaveLength(0);
      expect(await world.health("acme/main@main")).toMatchObject({ failurePpm: 0, inFlight: 0 });
    });

    it("of the server bounds a call whose caller set none", async () => {
      await start(() => hangsBeforeHeaders, listener);
      await spare.close();
      const seen = await world.chat();
      expect(["UNAVAILABLE", "DEADLINE_EXCEEDED"]).toContain(seen.code);
      expect(seen.ms).toBeLessThan(15_000);
    });
  });
}

function requestLine(): Readonly<Record<string, unknown>> | undefined {
  return world.log.find(({ event, method }) => event === "request" && String(method).endsWith("/ChatStream"));
}
