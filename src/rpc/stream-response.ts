import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  ChatStreamResponse,
  ChatStreamResponseSchema,
  ChoiceDelta,
} from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { StreamEvent } from "../attempt/call-outcome.ts";
import { toAttempt, toCost } from "./attempt-message.ts";
import { heartbeat } from "./heartbeats.ts";
import { joinDeltas } from "./join-deltas.ts";
import type { LiveCall } from "./live-call.ts";
import { toTimestamp } from "./wire-time.ts";

type ResponseInit = MessageInitShape<typeof ChatStreamResponseSchema>;

/** What the caller of a stream is sent for one event of its run. Throws the error that ends it. */
export function* streamResponses(
  event: StreamEvent | typeof heartbeat,
  call: LiveCall,
  wallClock: () => number,
): Generator<ResponseInit, void, void> {
  if (event === heartbeat) return yield { event: { case: "heartbeat", value: {} } };
  switch (event.kind) {
    case "started": {
      const { id, createdSeconds } = event.start;
      const createTime = toTimestamp(createdSeconds === undefined ? wallClock() : createdSeconds * 1000);
      const value = { id, createTime, route: call.soFar(event.serving) };
      return yield { event: { case: "started", value } };
    }
    case "deltas":
      for (const value of joinDeltas(event.deltas)) yield ofDelta(value);
      return;
    case "restarted": {
      const value = { failedAttempt: toAttempt(event.failed), deployment: event.deployment };
      return yield { event: { case: "restarted", value } };
    }
    case "finished": {
      const { ends, modelVersion, served } = event;
      const cost = toCost(served.cost);
      const value = {
        choices: [...ends],
        usage: served.usage,
        cost,
        route: call.answered(served),
        modelVersion,
      };
      return yield { event: { case: "finished", value } };
    }
    case "failed":
      throw call.failed(event.failure);
  }
}

/** The message itself, which nobody copies into another: a stream is made of these. */
function ofDelta(value: ChoiceDelta): ChatStreamResponse {
  return { $typeName: "switchyard.v1.ChatStreamResponse", event: { case: "delta", value } };
}
