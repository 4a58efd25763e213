import type { LoadTarget } from "../load/load-task.ts";
import { runLoad } from "../load/run-load.ts";
import { type Counts, figure, type Figure, type Findings, joined } from "../report/figures.ts";
import { quantile } from "../spread.ts";
import type { MeasuredGateway } from "../subjects/gateway.ts";
import { pacedPath } from "../subjects/gateway-config.ts";
import { gatewaySide } from "./gateway-side.ts";
import type { Setting } from "./setting.ts";

const leadMs = 1000;

/** What the gateway adds to the upstream called directly, at a rate that leaves it air: whole answers, and first tokens. */
export async function addedLatency(setting: Setting, gateway: MeasuredGateway): Promise<Findings> {
  const { upstreams } = setting;
  const unary = direct(`${upstreams.fixed}/unary`, "openai");
  const paced = direct(`${upstreams.paced}${pacedPath}`, "openai-stream");
  const grpc = gatewaySide(gateway, "grpc", "unary").target;
  const connect = gatewaySide(gateway, "connect-proto", "unary").target;
  const stream = gatewaySide(gateway, "grpc-stream", "paced").target;
  return joined(
    await added(setting, { name: "grpc", perSecond: 200, of: "answer", through: grpc, direct: unary }),
    await added(setting, { name: "connect", perSecond: 200, of: "answer", through: connect, direct: unary }),
    await added(setting, { name: "grpc", perSecond: 1000, of: "answer", through: grpc, direct: unary }),
    await added(setting, { name: "grpc", perSecond: 100, of: "first token", through: stream, direct: paced }),
  );
}

interface Comparison {
  readonly name: string;
  readonly perSecond: number;
  readonly of: "answer" | "first token";
  readonly through: LoadTarget;
  readonly direct: LoadTarget;
}

/** The difference of two quantiles of the same round. */
async function added(setting: Setting, comparison: Comparison): Promise<Findings> {
  const { name, perSecond, of, through, direct } = comparison;
  const scenario = `added ${of}, ${perSecond}/s`;
  const p50: number[] = [];
  const p99: number[] = [];
  const counts = { ok: 0, refused: 0, failed: 0 };
  for (let round = 1; round <= setting.rounds; round++) {
    setting.tell(`${scenario} ${name}: round ${round} of ${setting.rounds}`);
    const plain = await paced(setting, direct, perSecond, of);
    const passed = await paced(setting, through, perSecond, of);
    p50.push(quantile(passed.ms, 0.5) - quantile(plain.ms, 0.5));
    p99.push(quantile(passed.ms, 0.99) - quantile(plain.ms, 0.99));
    counts.ok += passed.counts.ok;
    counts.refused += passed.counts.refused;
    counts.failed += passed.counts.failed;
  }
  const wanted = perSecond === 200;
  const figures: readonly Figure[] = [
    figure(scenario, `switchyard ${name}`, "ms p50", p50, { counts, note: wanted ? "wanted: < 1" : "" }),
    figure(scenario, `switchyard ${name}`, "ms p99", p99, { note: wanted ? "wanted: < 5" : "" }),
  ];
  return { figures, ratios: [], left: [] };
}

async function paced(
  { cores, countedMs }: Setting,
  target: LoadTarget,
  perSecond: number,
  of: Comparison["of"],
): Promise<{ readonly ms: readonly number[]; readonly counts: Counts }> {
  const connections = target.http === 2 ? 10 : 64;
  const task = { kind: "pace", target, connections, perSecond, leadMs, ms: countedMs } as const;
  const result = await runLoad(task, cores?.side, () => undefined);
  return { ms: of === "answer" ? result.latenciesMs : result.firstBytesMs, counts: result };
}

/** The upstream itself: its origin carries a path, which the request's own follows. */
function direct(base: string, wire: "openai" | "openai-stream"): LoadTarget {
  const { origin, pathname } = new URL(base);
  return { origin, basePath: pathname, http: 1, wire, model: "direct", headers: {} };
}
