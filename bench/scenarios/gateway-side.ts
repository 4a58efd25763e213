import type { WireName } from "../load/wire.ts";
import type { MeasuredGateway } from "../subjects/gateway.ts";
import type { Side } from "../subjects/side.ts";

type GatewayWire = Exclude<WireName, "openai" | "openai-stream">;

const names: Readonly<Record<GatewayWire, string>> = {
  grpc: "grpc",
  "grpc-stream": "grpc",
  "grpc-web": "grpc-web",
  "grpc-web-stream": "grpc-web",
  "connect-proto": "connect",
  "connect-json": "connect json",
  "connect-stream": "connect",
};

/** The gateway over this protocol: gRPC at its own listener, the others over HTTP/1.1 as browsers and `curl` come. */
export function gatewaySide(
  gateway: MeasuredGateway,
  wire: GatewayWire,
  model: string,
  label = "switchyard",
): Side {
  const native = wire === "grpc" || wire === "grpc-stream";
  return {
    label: `${label} ${names[wire]}`,
    pid: gateway.pid,
    target: {
      origin: native ? gateway.grpc : gateway.connect,
      http: native ? 2 : 1,
      wire,
      model: `bench/${model}`,
      headers: {},
    },
  };
}
