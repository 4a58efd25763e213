import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createExchange, type Exchange } from "../../src/upstream/exchange.ts";
import { createTransport, type Transport } from "../../src/upstream/transport.ts";
import { collectGarbage } from "../support/collect-garbage.ts";

let server: Server;
let connections = 0;
let transport: Transport | undefined;
beforeEach(async () => {
  connections = 0;
  server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.write("{");
      if (request.url !== "/endless") response.end("}");
    });
  });
  server.on("connection", () => connections++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterEach(async () => {
  await transport?.close();
  server.closeAllConnections();
  server.close();
});

function connect(maxConnections: number): Transport {
  const { port } = server.address() as AddressInfo;
  const baseUrl = `http://127.0.0.1:${port}`;
  transport = createTransport({ baseUrl, maxConnections, http2: false, connectMs: 5000 });
  return transport;
}

describe("a connection", () => {
  it("is not part of the call that opened it: neither kept by it nor told as it in a later call", async () => {
    const only = connect(1);
    const calls = new AsyncLocalStorage<string>();
    const heardIn: (string | undefined)[] = [];
    const send = (call: string): Promise<void> =>
      calls.run(call, async () => {
        const exchange: Exchange = Object.defineProperty(
          createExchange(new AbortController().signal, {}),
          "answered",
          {
            get: () => true,
            set() {
              heardIn.push(calls.getStore());
            },
          },
        );
        await only.send(exchange, { path: "/", headers: {}, body: "{}" });
        await exchange.body?.text();
        expect(calls.getStore()).toBe(call);
      });
    await send("first");
    await send("second");
    expect(connections).toBe(1);
    expect(heardIn).toEqual([undefined, undefined]);
  });
});

describe("a response that goes on", () => {
  it("does not keep the request that it answers", async () => {
    const many = connect(20);
    const bodyBytes = 1_000_000;
    const open = async (at: number): Promise<Exchange> => {
      const exchange = createExchange(new AbortController().signal, {});
      const body = JSON.stringify({ prompt: `${at}`.padEnd(bodyBytes, "x") });
      await many.send(exchange, { path: "/endless", headers: {}, body });
      expect((await exchange.body?.read())?.toString()).toBe("{");
      return exchange;
    };
    const kept = [await open(0)];
    collectGarbage("major");
    const before = process.memoryUsage().heapUsed;
    for (let at = 1; at <= 10; at++) kept.push(await open(at));
    collectGarbage("major");
    expect((process.memoryUsage().heapUsed - before) / 10).toBeLessThan(bodyBytes / 4);
    expect(kept).toHaveLength(11);
  });
});
