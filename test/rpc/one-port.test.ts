import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drip, openSocket } from "../support/raw-socket.ts";
import { type RpcWorld, startRpcWorld } from "../support/rpc-world.ts";

// RFC 9113: the preface and an empty SETTINGS frame.
const http2Hello = Buffer.concat([
  Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1"),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);
const http1Hello = Buffer.from(
  "GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
  "latin1",
);
const settingsFrame = 4;

let world: RpcWorld;
beforeAll(async () => {
  world = await startRpcWorld();
});
afterAll(() => world.close());

describe("one cleartext port", () => {
  for (const size of [1, 2, 3, 7, 23, 24, 25, 1_000]) {
    it(`speaks HTTP/2 when the preface comes in pieces of ${size} bytes`, async () => {
      const client = await openSocket(world.connect);
      await drip(client.socket, http2Hello, size);
      await expect.poll(() => client.received()[3]).toBe(settingsFrame);
      client.socket.destroy();
    });

    it(`speaks HTTP/1.1 when the request comes in pieces of ${size} bytes`, async () => {
      const client = await openSocket(world.connect);
      await drip(client.socket, http1Hello, size);
      await client.closed;
      expect(client.text()).toMatch(/^HTTP\/1\.1 200 OK/);
      expect(client.text()).toMatch(/\{"status":"live"\}/);
    });
  }

  for (const [name, bytes] of [
    ["zeroes", Buffer.alloc(4_096)],
    ["a TLS hello", Buffer.from("16030100c8010000c40303", "hex")],
    ["a preface that turns into something else", Buffer.from("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n")],
    ["a preface followed by noise", Buffer.concat([http2Hello, Buffer.alloc(200, 0xff)])],
    ["a request line without an end", Buffer.from(`GET /${"a".repeat(100_000)}`)],
    ["a header without an end", Buffer.from(`GET / HTTP/1.1\r\nhost: x\r\nx: ${"a".repeat(100_000)}`)],
    ["a request without a host", Buffer.from("POST /switchyard.v1.GatewayService/Chat HTTP/1.1\r\n\r\n")],
    [
      "a host that is none",
      Buffer.from(
        "POST /switchyard.v1.GatewayService/Chat HTTP/1.1\r\nhost: a b/c\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
      ),
    ],
    ["a negative length", Buffer.from("POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n")],
    [
      "two lengths",
      Buffer.from("POST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"),
    ],
    ["nothing at all", Buffer.alloc(0)],
  ] as const) {
    it(`stays unharmed by ${name}`, async () => {
      const client = await openSocket(world.connect);
      client.socket.write(bytes);
      client.socket.end();
      await client.closed;
      const grpc = await openSocket(world.grpc);
      grpc.socket.end(bytes);
      await grpc.closed;
      const answer = await fetch(`http://${world.connect}/livez`);
      expect(answer.status).toBe(200);
      await answer.text();
    });
  }

  it("closes sockets that a client resets at every point of its hello", async () => {
    for (let length = 0; length <= http2Hello.length; length += 3) {
      const client = await openSocket(world.connect);
      client.socket.write(http2Hello.subarray(0, length), () => client.socket.resetAndDestroy());
      await client.closed;
    }
    const answer = await fetch(`http://${world.connect}/readyz`);
    expect(await answer.json()).toEqual({ status: "serving" });
  });
});
