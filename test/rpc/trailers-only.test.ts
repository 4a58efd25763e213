import { connect, type IncomingHttpHeaders } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChatRequestSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { grpcJsClient, userMessage } from "../support/rpc-clients.ts";
import { type RpcWorld, startRpcWorld } from "../support/rpc-world.ts";

const serviceConfig = JSON.stringify({
  methodConfig: [
    {
      name: [{ service: "switchyard.v1.GatewayService" }],
      retryPolicy: {
        maxAttempts: 3,
        initialBackoff: "0.01s",
        maxBackoff: "0.02s",
        backoffMultiplier: 1,
        retryableStatusCodes: ["UNAVAILABLE"],
      },
    },
  ],
});

let world: RpcWorld;
beforeAll(async () => {
  world = await startRpcWorld({ maxInFlight: 0 });
});
afterAll(() => world.close());

for (const listener of ["connect", "grpc"] as const) {
  describe(`a gRPC call that fails before its first message, on the ${listener} listener`, () => {
    it("leaves as one HEADERS frame that ends the stream", async () => {
      const message = toBinary(ChatRequestSchema, create(ChatRequestSchema, { input: userMessage("x") }));
      const head = Buffer.alloc(5);
      head.writeUInt32BE(message.length, 1);
      const { headers, trailers, ended } = await request(world[listener], Buffer.concat([head, message]));
      expect(headers).toMatchObject({
        ":status": 200,
        "grpc-status": "14",
        "grpc-message": expect.any(String),
      });
      expect(headers["x-trace-id"]).toMatch(/^[0-9a-f]{32}$/);
      expect(headers["grpc-status-details-bin"]).toBeDefined();
      expect(trailers).toBeUndefined();
      expect(ended).toBe(true);
    });

    it("is retried by the retry policy of a grpc-js client", async () => {
      const client = grpcJsClient("retrying", listener, world[listener], {
        "grpc.service_config": serviceConfig,
        "grpc.enable_retries": 1,
      });
      const before = world.record.spans.length;
      const outcome = await client.chat({ input: userMessage("x") });
      expect(outcome.code).toBe(14);
      expect(world.record.spans.length - before).toBe(3);
      client.close();
    });
  });
}

function request(
  address: string,
  body: Buffer,
): Promise<{ headers: IncomingHttpHeaders; trailers: unknown; ended: boolean }> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://${address}`);
    session.on("error", reject);
    const stream = session.request({
      ":method": "POST",
      ":path": "/switchyard.v1.GatewayService/Chat",
      "content-type": "application/grpc",
      te: "trailers",
    });
    let trailers: unknown;
    stream.on("trailers", (value) => (trailers = value));
    stream.on("response", (headers, flags) => {
      // 1 is END_STREAM: RFC 9113, section 6.2.
      const ended = (flags & 1) === 1;
      stream.on("close", () => {
        session.close();
        resolve({ headers, trailers, ended });
      });
      stream.resume();
    });
    stream.end(body);
  });
}
