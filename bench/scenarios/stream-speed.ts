import type { ListeningProgram } from "../listening-program.ts";
import { type Findings, joined, ratio } from "../report/figures.ts";
import type { MeasuredGateway } from "../subjects/gateway.ts";
import type { Peer } from "../subjects/peers.ts";
import type { Side } from "../subjects/side.ts";
import { compareSpeeds } from "./compare-speeds.ts";
import { gatewaySide } from "./gateway-side.ts";
import type { Setting } from "./setting.ts";

const chunks = { unit: "chunks", perCall: 100 };

/** Programs that are no gateway. */
export interface StreamPrograms {
  readonly limit: ListeningProgram;
  /** Of each kind of upstream its own. */
  readonly forwarder: Readonly<Record<"burst" | "separate", ListeningProgram>>;
}

/**
 * Streams of 100 pieces: in one burst, as an upstream with a backlog sends them, and each written apart, as models do.
 * Beside a plain Node program that reads with the openai SDK and forwards each chunk.
 */
export async function streamSpeed(
  setting: Setting,
  gateway: MeasuredGateway,
  programs: StreamPrograms,
  peers: readonly Peer[],
): Promise<Findings> {
  return joined(
    await ofKind(setting, "burst", gateway, programs, peers),
    await ofKind(setting, "separate", gateway, programs, peers),
  );
}

async function ofKind(
  setting: Setting,
  kind: "burst" | "separate",
  gateway: MeasuredGateway,
  { limit, forwarder }: StreamPrograms,
  peers: readonly Peer[],
): Promise<Findings> {
  const sdk: Side = {
    label: "sdk forwarder",
    pid: forwarder[kind].pid,
    target: { origin: forwarder[kind].origin, http: 1, wire: "openai-stream", model: kind, headers: {} },
  };
  const nodeLimit: Side = {
    label: "node limit",
    pid: limit.pid,
    target: { origin: limit.origin, http: 2, wire: "grpc-stream", model: kind, headers: {} },
  };
  const scenario = `stream, ${kind}`;
  const figures = await compareSpeeds(
    setting,
    scenario,
    [
      sdk,
      gatewaySide(gateway, "grpc-stream", kind),
      gatewaySide(gateway, "connect-stream", kind),
      gatewaySide(gateway, "grpc-web-stream", kind),
      ...(kind === "burst" ? [nodeLimit] : []),
      ...peers.map((peer) => peer.side("openai-stream", kind)),
    ],
    chunks,
  );
  const [toSdk, grpc, ...others] = figures;
  if (toSdk === undefined || grpc === undefined) return { figures, ratios: [], left: [] };
  return {
    figures,
    ratios: [
      ratio(grpc, toSdk, "≥ 1.5"),
      ...others.map((other) =>
        other.side.startsWith("switchyard") ? ratio(other, toSdk) : ratio(grpc, other),
      ),
    ],
    left: [],
  };
}
