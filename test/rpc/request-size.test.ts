import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callRawGrpc, grpcHead } from "../support/raw-grpc.ts";
import { interopClients, type RpcClient, userMessage } from "../support/rpc-clients.ts";
import { type RpcWorld, startRpcWorld } from "../support/rpc-world.ts";

let world: RpcWorld;
let clients: readonly RpcClient[];
beforeAll(async () => {
  world = await startRpcWorld({ maxRequestBytes: 16_777_216 });
  clients = interopClients(world);
});
afterAll(async () => {
  for (const client of clients) client.close();
  await world.close();
});

describe("a request over the limit", () => {
  it("of 20 MB is refused by name on every protocol, and the connection serves on", async () => {
    // Random, so that it stays large when a client compresses it.
    const text = Array.from({ length: 20_000_000 / 10 }, () =>
      Math.random().toString(36).slice(2, 12).padEnd(10, "x"),
    );
    const input = userMessage(text.join(""));
    for (const client of clients) {
      const refused = await client.chat({ input });
      expect({ client: client.name, code: refused.code, details: refused.details }).toEqual({
        client: client.name,
        code: 8,
        details: ["google.rpc.ErrorInfo: REQUEST_TOO_LARGE"],
      });
      const next = await client.chat({ input: userMessage("small") });
      expect({ client: client.name, code: next.code }).toEqual({ client: client.name, code: 0 });
    }
  }, 60_000);

  it("only after it is unpacked is refused without unpacking the rest", async () => {
    const bomb = gzipSync(Buffer.alloc(200_000_000));
    const answer = await fetch(`http://${world.connect}/switchyard.v1.GatewayService/Chat`, {
      method: "POST",
      headers: { "content-type": "application/proto", "content-encoding": "gzip" },
      body: new Uint8Array(bomb),
    });
    expect(answer.status).toBe(429);
    expect(await answer.json()).toMatchObject({
      code: "resource_exhausted",
      details: [{ type: "google.rpc.ErrorInfo" }],
    });
    for (const listener of ["connect", "grpc"] as const) {
      const trailers = await callRawGrpc(world[listener], {
        body: Buffer.concat([grpcHead(bomb.length, true), bomb]),
        headers: { "grpc-encoding": "gzip" },
      });
      expect({ listener, status: trailers["grpc-status"] }).toEqual({ listener, status: "8" });
    }
  });

  it("is refused by the length it announces, before it arrives", async () => {
    for (const listener of ["connect", "grpc"] as const) {
      const trailers = await callRawGrpc(world[listener], { body: grpcHead(4_000_000_000), end: false });
      expect({ listener, status: trailers["grpc-status"] }).toEqual({ listener, status: "8" });
    }
  });
});
