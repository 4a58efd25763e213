import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type Behaviour, type FaultyUpstream, type Script } from "../support/faulty-upstream.ts";
import { runBetweenTwo } from "../support/running-scenario.ts";
import { limitsOf, type ScenarioWorld } from "../support/scenario-world.ts";
import {
  chunkEvent,
  httpChunk,
  httpResponse,
  refuses,
  streamsThenStalls,
} from "../support/upstream-behaviours.ts";

let main: FaultyUpstream;
let world: ScenarioWorld;

async function start(script: Script, listener: "grpc" | "connect", more: string): Promise<void> {
  ({ main, world } = await runBetweenTwo({ script, listener, more }));
}

const patient = { firstTokenMs: 30_000, idleMs: 30_000, tokenIdleMs: 30_000, unaryMs: 30_000 };
const slowRetry =
  "{ attempts: 5, baseMs: 5000, capMs: 5000, jitter: none, budgetRatio: 0.1, budgetPerSecond: 1 }";

const slow: Behaviour = {
  name: "streams for a second",
  answer: async (exchange) => {
    await exchange.write(
      httpResponse(200, { "content-type": "text/event-stream", "transfer-encoding": "chunked" }),
    );
    for (let piece = 0; piece < 10; piece++) {
      await exchange.write(httpChunk(chunkEvent({ content: `${piece} ` })));
      await exchange.pause(100);
    }
    await exchange.write(httpChunk(`${chunkEvent({}, { finish_reason: "stop" })}data: [DONE]\n\n`));
    await exchange.write(httpChunk(""));
  },
};

for (const listener of ["grpc", "connect"] as const) {
  describe(`a drain of the ${listener} listener`, () => {
    it("lets a running stream come to its end", async () => {
      await start(() => slow, listener, limitsOf({ ...patient, graceMs: 10_000 }));
      const seen = world.chatStream();
      await main.received(1);
      await sleep(150);
      await world.gateway.drain();
      expect(await seen).toMatchObject({ code: "OK", text: "0 1 2 3 4 5 6 7 8 9 " });
    });

    it("ends a stream that outlasts the grace with ABORTED, and its upstream with it", async () => {
      await start(() => streamsThenStalls(2), listener, limitsOf(patient));
      const seen = world.chatStream();
      await main.received(1);
      await sleep(150);
      await world.gateway.drain();
      expect(await seen).toMatchObject({
        code: "ABORTED",
        reason: "GATEWAY_DRAINING",
        text: "piece 0 piece 1 ",
      });
      await main.aborted(0);
    });

    it("starts no further attempt", async () => {
      await start(() => refuses(500), listener, limitsOf({ ...patient, retry: slowRetry }));
      const seen = world.chat({ routing: { fallback: { mode: 1 } } });
      await main.received(1);
      await sleep(50);
      await world.gateway.drain();
      expect(await seen).toMatchObject({ code: "UNAVAILABLE", reason: "GATEWAY_DRAINING" });
      expect(main.requests).toHaveLength(1);
    });
  });
}
