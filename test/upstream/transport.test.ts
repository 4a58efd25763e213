import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createExchange, type Exchange } from "../../src/upstream/exchange.ts";
import { createTransport, type Transport } from "../../src/upstream/transport.ts";

let server: Server;
let connections = 0;
let transport: Transport;
beforeEach(async () => {
  connections = 0;
  server = createServer((request, response) => request.resume().on("end", () => response.end("{}")));
  server.on("connection", () => connections++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const baseUrl = `http://127.0.0.1:${port}`;
  transport = createTransport({ baseUrl, maxConnections: 1, http2: false, connectMs: 5000 });
});
afterEach(async () => {
  await transport.close();
  server.close();
});

describe("a connection", () => {
  it("is not part of the call that opened it: neither kept by it nor told as it in a later call", async () => {
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
        await transport.send(exchange, { path: "/", headers: [], body: "{}" });
        await exchange.body?.text();
        expect(calls.getStore()).toBe(call);
      });
    await send("first");
    await send("second");
    expect(connections).toBe(1);
    expect(heardIn).toEqual([undefined, undefined]);
  });
});
