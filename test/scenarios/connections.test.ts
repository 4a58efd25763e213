import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Behaviour } from "../support/faulty-upstream.ts";
import { grpcJsClient, userMessage } from "../support/rpc-clients.ts";
import { runBetweenTwo } from "../support/running-scenario.ts";
import { patientLimits } from "../support/scenario-world.ts";
import { answers, chunkEvent, httpChunk, httpResponse } from "../support/upstream-behaviours.ts";

const request = {
  target: { target: { case: "model" as const, value: "acme/main" } },
  input: userMessage("x"),
};

/** A connection of HTTP/2, in which the server may say something at once. */
function connection(address: string): ClientHttp2Session {
  const session = connect(`http://${address}`);
  onTestFinished(() => session.destroy());
  return session;
}

/** @param grpc that section of the config */
function start(grpc: string, script: () => Behaviour = () => answers()) {
  return runBetweenTwo({ script, more: `${patientLimits}\ngrpc: ${grpc}` });
}

describe("a connection of the grpc listener", () => {
  it("is asked to end after grpc.maxConnectionAgeMs, and calls go on: those that run, and new ones", async () => {
    const released = Promise.withResolvers<void>();
    const held: Behaviour = {
      name: "streams to the end once it is released",
      answer: async (exchange) => {
        if (exchange.request.json()["stream"] !== true) return answers().answer(exchange);
        const headers = { "content-type": "text/event-stream", "transfer-encoding": "chunked" };
        await exchange.write(httpResponse(200, headers));
        await exchange.write(httpChunk(chunkEvent({ content: "first" })));
        await released.promise;
        await exchange.write(httpChunk(`${chunkEvent({}, { finish_reason: "stop" })}data: [DONE]\n\n`));
        await exchange.write(httpChunk(""));
      },
    };
    const { world } = await start("{ maxConnectionAgeMs: 300 }", () => held);
    const address = world.gateway.addresses.grpc!;
    const client = grpcJsClient("grpc-js", "grpc", address);
    onTestFinished(() => client.close());
    const begun = Promise.withResolvers<void>();
    const stream = client.chatStream(request, { onEvent: () => begun.resolve() });
    await begun.promise;
    // An age is spread by a tenth: the client's connection ended while the second of these was young.
    for (let age = 0; age < 2; age++) {
      const [code] = await once(connection(address), "goaway");
      expect(code).toBe(0);
    }
    expect(await client.chat(request)).toMatchObject({ code: 0, answer: ["Hello, world"] });
    released.resolve();
    expect(await stream).toMatchObject({ code: 0, answer: ["started", "delta", "finished"] });
  });

  it("is let be by default, and by an age as large as a config may name", async () => {
    for (const grpc of ["{}", "{ maxConnectionAgeMs: 2147483646, keepaliveMs: 2147483646 }"]) {
      const { world } = await start(grpc);
      const address = world.gateway.addresses.grpc!;
      const told: unknown[] = [];
      for (let count = 0; count < 10; count++) {
        const session = connection(address);
        session.on("goaway", (code: number) => told.push(code));
        session.on("ping", () => told.push("ping"));
        await once(session, "connect");
      }
      const client = grpcJsClient("grpc-js", "grpc", address);
      onTestFinished(() => client.close());
      for (let call = 0; call < 5; call++) expect(await client.chat(request)).toMatchObject({ code: 0 });
      expect(told).toEqual([]);
    }
  });

  it("is pinged every grpc.keepaliveMs", async () => {
    const { world } = await start("{ keepaliveMs: 50 }");
    const session = connection(world.gateway.addresses.grpc!);
    for (let pings = 0; pings < 3; pings++) await once(session, "ping");
    expect(session.closed).toBe(false);
  });
});
