import { describe, expect, it } from "vitest";
import { ErrorInfoSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { GatewayService } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { createAdmission } from "../../src/admission/admission.ts";
import { admitCalls } from "../../src/rpc/admit-call.ts";
import type { IncomingCall } from "../../src/rpc/incoming-call.ts";
import type { RpcMethod } from "../../src/rpc/rpc-service.ts";
import { toMs } from "../../src/rpc/wire-time.ts";
import { detailOf } from "../support/rpc-error-details.ts";

function incoming(
  method: "chat" | "chatStream" | "listModels" | "health",
  criticality?: string,
): IncomingCall {
  const desc = GatewayService.method[method];
  return {
    // The door looks at the descriptor alone.
    method: { desc } as unknown as RpcMethod,
    protocol: "grpc",
    authority: undefined,
    header: (name) => (name === "x-switchyard-criticality" ? criticality : undefined),
    timeoutMs: undefined,
    setResponseHeader: () => {},
    setResponseTrailer: () => {},
    cutOff: () => {},
  };
}

function door(maxInFlight: number) {
  const admission = createAdmission({ maxInFlight, loopDelayMs: () => 0, random: () => 0.5 });
  return { admission, admit: admitCalls(admission) };
}

describe("the door of the gateway", () => {
  it("lets a call in and takes its place back", () => {
    const { admission, admit } = door(10);
    const admitted = admit(incoming("chat"));
    expect(admission.inFlight()).toBe(1);
    if (admitted.kind === "admitted") admitted.release();
    expect(admission.inFlight()).toBe(0);
  });

  it("refuses what there is no room for, and says when to come back", () => {
    const { admit } = door(0);
    const refused = admit(incoming("chatStream"));
    if (refused.kind === "admitted") throw new Error("let in");
    const { error } = refused;
    expect(error.code).toBe("UNAVAILABLE");
    expect(detailOf(error, ErrorInfoSchema)?.reason).toBe("GATEWAY_OVERLOADED");
    expect(toMs(detailOf(error, RetryInfoSchema)?.retryDelay)).toBe(1_000);
    expect(error.trailers).toEqual({ "grpc-retry-pushback-ms": "1000" });
  });

  it("refuses what matters least first, as the metadata says", () => {
    const { admit } = door(10);
    for (let count = 0; count < 8; count++) admit(incoming("chat"));
    const kinds = ["sheddable", "sheddable-plus", undefined, "critical-plus"].map(
      (criticality) => admit(incoming("chat", criticality)).kind,
    );
    expect(kinds).toEqual(["refused", "refused", "admitted", "admitted"]);
  });

  it("says that it drains", () => {
    const { admission, admit } = door(10);
    admission.setDraining();
    const refused = admit(incoming("chat"));
    expect(refused.kind === "refused" && detailOf(refused.error, ErrorInfoSchema)?.reason).toBe(
      "GATEWAY_DRAINING",
    );
  });

  it("is open to whoever only looks, and counts them for nothing", () => {
    const { admission, admit } = door(0);
    expect(admit(incoming("health")).kind).toBe("admitted");
    expect(admit(incoming("listModels")).kind).toBe("admitted");
    expect(admission.inFlight()).toBe(0);
  });
});
