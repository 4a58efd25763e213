import { describe, expect, it, onTestFinished } from "vitest";
import { Code } from "@connectrpc/connect";
import type { Behaviour } from "../support/faulty-upstream.ts";
import { type GatewayProcess, startGatewayProcess } from "../support/gateway-process.ts";
import { anyKey } from "../support/parsed-config.ts";
import { type CallOutcome, interopClients, userMessage } from "../support/rpc-clients.ts";
import { runUpstream } from "../support/running-scenario.ts";
import { limitsOf, twoUpstreams } from "../support/scenario-world.ts";
import { answers, chunkEvent, httpChunk, httpResponse } from "../support/upstream-behaviours.ts";

/** Calls of every client library, protocol and listener, under way in a gateway of its own process. */
interface CallsUnderWay {
  readonly gateway: GatewayProcess;
  /** Has the upstream answer to the end. */
  readonly release: () => void;
  readonly unary: Promise<readonly CallOutcome[]>;
  /** Each with its first content there. */
  readonly streams: Promise<readonly CallOutcome[]>;
}

async function startCalls(graceMs: number): Promise<CallsUnderWay> {
  const released = Promise.withResolvers<void>();
  const held: Behaviour = {
    name: "answers to the end once it is released",
    answer: async (exchange) => {
      const gone = new Promise<void>((resolve) => {
        exchange.gone.addEventListener("abort", () => resolve());
      });
      const goOn = Promise.race([released.promise, gone]);
      if (exchange.request.json()["stream"] !== true) {
        await goOn;
        await answers().answer(exchange);
        return;
      }
      const headers = { "content-type": "text/event-stream", "transfer-encoding": "chunked" };
      await exchange.write(httpResponse(200, headers));
      await exchange.write(httpChunk(chunkEvent({ content: "first" })));
      await goOn;
      await exchange.write(httpChunk(chunkEvent({ content: "last" })));
      await exchange.write(httpChunk(`${chunkEvent({}, { finish_reason: "stop" })}data: [DONE]\n\n`));
      await exchange.write(httpChunk(""));
    },
  };
  const upstream = await runUpstream(() => held);
  const longMs = 60_000;
  const limits = { firstTokenMs: longMs, idleMs: longMs, tokenIdleMs: longMs, unaryMs: longMs, graceMs };
  const gateway = await startGatewayProcess({
    config: twoUpstreams(upstream.baseUrl, upstream.baseUrl, limitsOf(limits)),
    env: { KEY_MAIN: `${anyKey}-main`, KEY_SPARE: `${anyKey}-spare` },
  });
  onTestFinished(() => gateway[Symbol.asyncDispose]());
  const clients = interopClients(gateway.addresses);
  onTestFinished(() => clients.forEach((client) => client.close()));
  const request = {
    target: { target: { case: "model" as const, value: "acme/main" } },
    input: userMessage("x"),
  };
  const unary = clients.map((client) => client.chat(request));
  let begun = 0;
  const streams = clients.map((client) => {
    let first = true;
    const onEvent = (event: string): void => {
      if (event !== "delta" || !first) return;
      first = false;
      begun += 1;
    };
    return client.chatStream(request, { onEvent });
  });
  await upstream.received(unary.length + streams.length);
  await expect.poll(() => begun, { timeout: 10_000 }).toBe(streams.length);
  return { gateway, release: released.resolve, unary: Promise.all(unary), streams: Promise.all(streams) };
}

/** Resolves once the gateway takes no connection any more: it drains. */
async function refusesConnections({ addresses }: GatewayProcess): Promise<void> {
  const answered = (): Promise<boolean> =>
    fetch(`http://${addresses.connect}/livez`).then(
      () => true,
      () => false,
    );
  await expect.poll(answered, { timeout: 10_000 }).toBe(false);
}

describe("SIGTERM to a gateway with calls under way", () => {
  it("lets calls and streams of every protocol come to their end, then ends with 0", async () => {
    const { gateway, release, unary, streams } = await startCalls(60_000);
    gateway.signal("SIGTERM");
    await refusesConnections(gateway);
    release();
    expect((await unary).map(({ code, answer }) => [code, answer])).toEqual(
      (await unary).map(() => [0, ["Hello, world"]]),
    );
    expect((await streams).map(({ code, answer }) => [code, answer])).toEqual(
      (await streams).map(() => [0, ["started", "delta", "delta", "finished"]]),
    );
    expect(await gateway.ended).toBe(0);
    expect(gateway.stderr()).toBe("");
  }, 60_000);

  it("ends what outlasts the grace: UNAVAILABLE before content and ABORTED after, both as draining", async () => {
    const { gateway, unary, streams } = await startCalls(500);
    gateway.signal("SIGTERM");
    const told = ({ code, details, answer }: CallOutcome) => ({ code, details, answer });
    const details = [
      "google.rpc.ErrorInfo: GATEWAY_DRAINING",
      "google.rpc.RetryInfo",
      "switchyard.v1.RouteDecision",
    ];
    expect((await unary).map(told)).toEqual(
      (await unary).map(() => ({ code: Code.Unavailable, details, answer: [] })),
    );
    expect((await streams).map(told)).toEqual(
      (await streams).map(() => ({ code: Code.Aborted, details, answer: ["started", "delta"] })),
    );
    expect(await gateway.ended).toBe(0);
    expect(gateway.stderr()).toBe("");
  }, 60_000);
});
