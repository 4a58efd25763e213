import { setTimeout as sleep } from "node:timers/promises";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { type Client, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type {
  ChatRequestSchema,
  ChatResponse,
  GatewayService,
} from "../../gen/switchyard/v1/gateway_service_pb.ts";

/** What the gateway refuses for want of room it will take a moment later, and says when. */
const patience = 5;

/** A chat that comes back as often as a full or leaving gateway asks for it, up to five times. */
export async function sendPatiently(
  calls: Pick<Client<typeof GatewayService>, "chat">,
  request: MessageInitShape<typeof ChatRequestSchema>,
  signal: AbortSignal,
): Promise<ChatResponse> {
  for (let tries = 1; ; tries++) {
    try {
      return await calls.chat(request, { signal });
    } catch (cause) {
      const error = ConnectError.from(cause);
      const reason = error.findDetails(ErrorInfoSchema)[0]?.reason;
      const delay = error.findDetails(RetryInfoSchema)[0]?.retryDelay;
      const full = reason === "GATEWAY_OVERLOADED" || reason === "GATEWAY_DRAINING";
      if (!full || delay === undefined || tries >= patience) throw error;
      await sleep(durationMs(delay), undefined, { signal });
    }
  }
}
