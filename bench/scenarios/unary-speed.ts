import { type Findings, type Figure, ratio } from "../report/figures.ts";
import type { MeasuredGateway } from "../subjects/gateway.ts";
import type { Peer } from "../subjects/peers.ts";
import type { Side } from "../subjects/side.ts";
import { compareSpeeds } from "./compare-speeds.ts";
import { gatewaySide } from "./gateway-side.ts";
import type { Setting } from "./setting.ts";

const scenario = "unary";

/** Whole answers: each listener and protocol, beside the limit of Node and the peers. */
export async function unarySpeed(
  setting: Setting,
  gateway: MeasuredGateway,
  limit: Side,
  peers: readonly Peer[],
): Promise<Findings> {
  const figures = await compareSpeeds(setting, scenario, [
    limit,
    gatewaySide(gateway, "grpc", "unary"),
    gatewaySide(gateway, "connect-proto", "unary"),
    gatewaySide(gateway, "connect-json", "unary"),
    gatewaySide(gateway, "grpc-web", "unary"),
    ...peers.map((peer) => peer.side("openai", "unary")),
  ]);
  const [toLimit, grpc, proto, json, web, ...others] = figures;
  if (toLimit === undefined || grpc === undefined) return { figures, ratios: [], left: [] };
  const named = (name: string): Figure | undefined => others.find(({ side }) => side.startsWith(name));
  const portkey = named("portkey");
  const listeners = [grpc, proto, json, web].flatMap((one) => (one === undefined ? [] : [one]));
  return {
    figures,
    ratios: [
      ...listeners.map((one) => ratio(one, toLimit, one === grpc ? "≥ 0.4" : "")),
      ...(portkey === undefined
        ? []
        : listeners.map((one) => ratio(one, portkey, one === grpc ? "≥ 2.5" : one === web ? "" : "≥ 1.2"))),
      ...others.filter((other) => other !== portkey).map((other) => ratio(grpc, other)),
    ],
    left: [],
  };
}
