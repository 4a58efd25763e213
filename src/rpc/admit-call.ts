import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { Admission } from "../admission/admission.ts";
import { criticalityHeader, readCriticality } from "../admission/criticality.ts";
import type { Admitted, CallPolicy } from "./call-policy.ts";
import { errorInfo } from "./error-info.ts";
import { RpcError } from "./rpc-error.ts";
import { toDuration } from "./wire-time.ts";

const free: Admitted = { kind: "admitted", release: () => {} };

/** The gateway's door as a listener asks it: how much a call matters is read from its metadata. */
export function admitCalls(admission: Admission): NonNullable<CallPolicy["admit"]> {
  return ({ method, header }) => {
    // What only reads is answered from memory, and whoever looks into an overload must get through.
    if (method.desc.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS) return free;
    const admitted = admission.admit(readCriticality(header(criticalityHeader)));
    switch (admitted.kind) {
      case "admitted":
        return admitted;
      case "refused":
        return { kind: "refused", error: refusal(admitted.why, admitted.retryAfterMs) };
    }
  };
}

function refusal(why: "full" | "draining", retryAfterMs: number): RpcError {
  const [message, reason] =
    why === "full"
      ? ["the gateway has no room for this call now: come back later", "GATEWAY_OVERLOADED"]
      : ["the gateway is shutting down: call again", "GATEWAY_DRAINING"];
  return new RpcError(
    "UNAVAILABLE",
    message,
    [
      errorInfo(reason, { attempts: "0" }),
      { schema: RetryInfoSchema, value: { retryDelay: toDuration(retryAfterMs) } },
    ],
    { "grpc-retry-pushback-ms": `${Math.round(retryAfterMs)}` },
  );
}
