import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:http2";
import { afterEach, describe, expect, it } from "vitest";
import { callAllowance } from "../../src/rpc/call-allowance.ts";
import type { RpcMethod } from "../../src/rpc/rpc-service.ts";
import { interopClients, userMessage } from "../support/rpc-clients.ts";
import { openSocket } from "../support/raw-socket.ts";
import { type RpcWorld, startRpcWorld } from "../support/rpc-world.ts";

let world: RpcWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

describe("callAllowance", () => {
  const limits = { unaryMs: 120_000, streamMs: 600_000 };
  const of = (kind: RpcMethod["kind"], infrastructure: boolean, timeoutMs: number | undefined) => {
    const { ms, fromCaller } = callAllowance({ kind, infrastructure } as RpcMethod, timeoutMs, limits);
    return { ms, fromCaller };
  };
  for (const [name, actual, expected] of [
    ["is the caller's where it is smaller", of("unary", false, 300), { ms: 300, fromCaller: true }],
    ["is ours where the caller set none", of("unary", false, undefined), { ms: 120_000, fromCaller: false }],
    ["is ours where the caller's is greater", of("unary", false, 1e12), { ms: 120_000, fromCaller: false }],
    ["is longer for a stream", of("server_streaming", false, undefined), { ms: 600_000, fromCaller: false }],
    ["has no end for a watch", of("server_streaming", true, undefined), { ms: Infinity, fromCaller: false }],
    ["is the caller's for a watch", of("server_streaming", true, 1e12), { ms: 1e12, fromCaller: true }],
  ] as const) {
    it(name, () => expect(actual).toEqual(expected));
  }

  it("tells the handler before it cuts it off, and cuts it off before the deadline", () => {
    for (const timeoutMs of [1, 10, 300, 2_000, 60_000]) {
      const { ms, handlerMs, lastWordMs } = callAllowance(
        { kind: "unary", infrastructure: false } as RpcMethod,
        timeoutMs,
        limits,
      );
      expect(handlerMs).toBeLessThan(handlerMs + lastWordMs);
      expect(handlerMs + lastWordMs).toBeLessThan(ms);
      expect(ms - handlerMs).toBeLessThanOrEqual(20);
    }
  });
});

describe("a deadline", () => {
  it("of our own ends a call whose caller set none, on every protocol", async () => {
    world = await startRpcWorld({ unaryMs: 400, streamMs: 700 });
    for (const client of interopClients(world)) {
      for (const [kind, act] of [
        ["chat", "ignore-deadline"],
        ["chatStream", "stuck"],
      ] as const) {
        const { code, details, message } = await client[kind]({ input: userMessage("x"), labels: { act } });
        expect({ client: client.name, code, details }).toEqual({
          client: client.name,
          code: 4,
          details: ["google.rpc.ErrorInfo: DEADLINE_EXCEEDED"],
        });
        expect(message).toBe(
          `no answer within the deadline of ${kind === "chat" ? 400 : 700} ms: allow more time or ask for less`,
        );
      }
      client.close();
    }
    await expect.poll(() => world!.record.released).toBe(world.record.admitted);
    expect(new Set(world.record.spans.map(({ code }) => code))).toEqual(new Set(["DEADLINE_EXCEEDED"]));
  });

  it("leaves the handler its own last word", async () => {
    world = await startRpcWorld({ unaryMs: 2_000 });
    for (const client of interopClients(world)) {
      const { code, message } = await client.chat({ input: userMessage("x"), labels: { act: "last-word" } });
      expect({ client: client.name, code, message }).toEqual({
        client: client.name,
        code: 4,
        message: "my own words",
      });
      client.close();
    }
  }, 40_000);

  it("frees the place of a call whose body never ends", async () => {
    world = await startRpcWorld({ unaryMs: 400 });
    const h1 = await openSocket(world.connect);
    h1.socket.write(
      "POST /switchyard.v1.GatewayService/Chat HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{",
    );
    const sessions = [connect(`http://${world.connect}`), connect(`http://${world.grpc}`)];
    const answers = sessions.map((session) => {
      const stream = session.request({
        ":method": "POST",
        ":path": "/switchyard.v1.GatewayService/Chat",
        "content-type": "application/grpc",
      });
      stream.on("error", () => {});
      stream.write(Buffer.from([0, 0, 0, 0, 9, 1]));
      return new Promise<Record<string, unknown>>((resolve) => stream.on("response", resolve));
    });
    await expect.poll(() => world!.record.admitted).toBe(3);
    await expect.poll(() => world!.record.released).toBe(3);
    await expect.poll(() => h1.text()).toMatch(/^HTTP\/1\.1 504[^]*deadline_exceeded/);
    for (const headers of await Promise.all(answers)) expect(headers).toMatchObject({ "grpc-status": "4" });
    for (const session of sessions) session.destroy();
    h1.socket.destroy();
  });

  it("frees the place of a stream whose caller stops reading", async () => {
    world = await startRpcWorld({ streamMs: 800 });
    const client = await openSocket(world.connect);
    const request = JSON.stringify({
      input: { messages: [{ role: "ROLE_USER", parts: [{ text: "x" }] }] },
      labels: { count: "2000", size: "100000" },
    });
    const envelope = Buffer.alloc(5);
    envelope.writeUInt32BE(Buffer.byteLength(request), 1);
    client.socket.pause();
    client.socket.write(
      Buffer.concat([
        Buffer.from(
          `POST /switchyard.v1.GatewayService/ChatStream HTTP/1.1\r\nhost: x\r\ncontent-type: application/connect+json\r\ncontent-length: ${5 + Buffer.byteLength(request)}\r\n\r\n`,
        ),
        envelope,
        Buffer.from(request),
      ]),
    );
    await expect.poll(() => world!.record.admitted).toBe(1);
    await expect.poll(() => world!.record.released, { timeout: 5_000 }).toBe(1);
    await expect.poll(() => world!.record.open).toBe(0);
    expect(world.record.spans.map(({ code }) => code)).toEqual(["DEADLINE_EXCEEDED"]);
    client.socket.resume();
    await client.closed;
    expect(client.received().length).toBeLessThan(100_000_000);
    await sleep(1);
  });
});
