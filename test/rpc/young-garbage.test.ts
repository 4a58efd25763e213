import { setTimeout as sleep } from "node:timers/promises";
import { getHeapSpaceStatistics } from "node:v8";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ChatRequestSchema } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { collectGarbage } from "../support/collect-garbage.ts";
import { callRawGrpc, grpcHead } from "../support/raw-grpc.ts";
import { userMessage } from "../support/rpc-clients.ts";
import { type RpcWorld, startRpcWorld } from "../support/rpc-world.ts";

let world: RpcWorld;
beforeEach(async () => {
  world = await startRpcWorld();
});
afterEach(() => world.close());

describe("a call that is over, on the grpc listener", () => {
  it.each(["Chat", "ChatStream"])(
    "leaves its request to the next young collection, not to a full one: %s",
    async (method) => {
      const textBytes = 60_000;
      const message = toBinary(
        ChatRequestSchema,
        create(ChatRequestSchema, { input: userMessage("x".repeat(textBytes)) }),
      );
      const body = Buffer.concat([grpcHead(message.length), message]);
      const serve = async (calls: number): Promise<void> => {
        for (let call = 0; call < calls; call++) {
          await callRawGrpc(world.grpc, { method, body });
          await sleep(2);
          world.record.contexts.length = 0;
          // Once to grow older, once more to be taken for long-lived.
          collectGarbage("minor");
          collectGarbage("minor");
        }
      };
      await serve(20);
      collectGarbage("major");
      const before = oldBytes();
      await serve(100);
      expect((oldBytes() - before) / 100).toBeLessThan(textBytes / 2);
    },
  );
});

/** What young collections have taken for long-lived. */
function oldBytes(): number {
  return getHeapSpaceStatistics()
    .filter(({ space_name: name }) => /^(?:old|large_object)_space$/.test(name))
    .reduce((sum, { space_used_size: bytes }) => sum + bytes, 0);
}
