import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ChatRequestSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { interopClients, userMessage } from "../support/rpc-clients.ts";
import { type RpcWorld, startRpcWorld } from "../support/rpc-world.ts";

let world: RpcWorld;
beforeEach(async () => {
  world = await startRpcWorld();
});
afterEach(() => world.close());

describe("a caller that cancels", () => {
  it("ends its handler, its place and its span as CANCELLED on every protocol", async () => {
    let calls = 0;
    for (const client of interopClients(world)) {
      const before = world.record.spans.length;
      for (const kind of ["chat", "chatStream"] as const) {
        const controller = new AbortController();
        const running = client[kind](
          { input: userMessage("x"), labels: { act: "wait" } },
          { signal: controller.signal },
        );
        await expect.poll(() => world.record.contexts.length).toBe(++calls);
        await sleep(30);
        controller.abort();
        const outcome = await running;
        expect({ client: client.name, kind, code: outcome.code }).toEqual({
          client: client.name,
          kind,
          code: 1,
        });
      }
      await expect.poll(() => world.record.spans.length, { message: client.name }).toBe(before + 2);
      const codes = world.record.spans.slice(before).map(({ code }) => code);
      expect({ client: client.name, codes }).toEqual({
        client: client.name,
        codes: ["CANCELLED", "CANCELLED"],
      });
      client.close();
    }
    expect(new Set(world.record.ended)).toEqual(new Set(["cancelled"]));
    expect(world.record.released).toBe(world.record.admitted);
    expect(world.record.open).toBe(0);
    expect(world.record.logged).toEqual([]);
  });

  for (const listener of ["connect", "grpc"] as const) {
    it(`ten thousand times on one connection harms no other call on it, on the ${listener} listener`, async () => {
      const session = connect(`http://${world[listener]}`);
      let lost: unknown;
      session.on("error", (error) => (lost = error));
      session.on("goaway", (code) => (lost = `GOAWAY ${code}`));
      const innocent = call(session, { act: "slow", ms: "2500" });
      for (let batch = 0; batch < 100; batch++) {
        const streams = Array.from({ length: 100 }, () => open(session, { act: "wait" }));
        await sleep(5);
        for (const stream of streams) stream.close(8);
      }
      expect(await innocent).toBe("0");
      expect(await call(session, {})).toBe("0");
      expect(lost).toBeUndefined();
      await expect.poll(() => world.record.released, { timeout: 10_000 }).toBe(world.record.admitted);
      session.destroy();
    }, 60_000);
  }
});

type Session = ReturnType<typeof connect>;

function open(session: Session, labels: Record<string, string>) {
  const message = toBinary(ChatRequestSchema, create(ChatRequestSchema, { input: userMessage("x"), labels }));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  const stream = session.request({
    ":method": "POST",
    ":path": "/switchyard.v1.GatewayService/Chat",
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.on("error", () => {});
  stream.resume();
  stream.end(Buffer.concat([head, message]));
  return stream;
}

function call(session: Session, labels: Record<string, string>): Promise<unknown> {
  return new Promise((resolve) => {
    const stream = open(session, labels);
    const see = (headers: Record<string, unknown>): void => {
      if (headers["grpc-status"] !== undefined) resolve(headers["grpc-status"]);
    };
    stream.on("response", see);
    stream.on("trailers", see);
    stream.on("close", () => resolve(`closed with ${stream.rstCode}`));
  });
}
