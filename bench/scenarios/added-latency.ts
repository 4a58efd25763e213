import type { LoadResult, LoadTarget } from "../load/load-task.ts";
import { runLoad } from "../load/run-load.ts";
import { figure, type Figure, type Findings, joined } from "../report/figures.ts";
import { quantile, spreadOf } from "../spread.ts";
import type { MeasuredGateway } from "../subjects/gateway.ts";
import { pacedPath } from "../subjects/gateway-config.ts";
import { busyNote, countsOf, roundOf, type Round, warmUp } from "./drive.ts";
import { gatewaySide } from "./gateway-side.ts";
import { nodeLimit, type Side } from "../subjects/side.ts";
import type { Setting } from "./setting.ts";

const leadMs = 1000;

/** What the gateway adds to the upstream called directly, at a rate that leaves it air: whole answers, and first tokens. */
export async function addedLatency(
  setting: Setting,
  gateway: MeasuredGateway,
  limit: Side,
): Promise<Findings> {
  const { upstreams } = setting;
  const unary = direct(`${upstreams.fixed}/unary`, "openai");
  const paced = direct(`${upstreams.paced}${pacedPath}`, "openai-stream");
  const grpc = gatewaySide(gateway, "grpc", "unary");
  const connect = gatewaySide(gateway, "connect-proto", "unary");
  const stream = gatewaySide(gateway, "grpc-stream", "paced");
  for (const side of [limit, grpc, connect, stream]) await warmUp(setting, side);
  return joined(
    // What the machine and Node take for a second hop, whatever is in it.
    await added(setting, { perSecond: 200, of: "answer", through: limit, direct: unary }),
    await added(setting, { perSecond: 200, of: "answer", through: grpc, direct: unary }),
    await added(setting, { perSecond: 200, of: "answer", through: connect, direct: unary }),
    await added(setting, { perSecond: 1000, of: "answer", through: grpc, direct: unary }),
    await added(setting, { perSecond: 100, of: "first token", through: stream, direct: paced }),
  );
}

interface Comparison {
  readonly perSecond: number;
  readonly of: "answer" | "first token";
  readonly through: Side;
  readonly direct: LoadTarget;
}

/** The difference of two quantiles of the same round. */
async function added(setting: Setting, comparison: Comparison): Promise<Findings> {
  const { perSecond, of, through, direct } = comparison;
  const { label, pid, target } = through;
  const scenario = `added ${of}, ${perSecond}/s`;
  const timesOf = ({ latenciesMs, firstBytesMs }: LoadResult): readonly number[] =>
    of === "answer" ? latenciesMs : firstBytesMs;
  const plain: LoadResult[] = [];
  const passed: Round[] = [];
  for (let round = 1; round <= setting.rounds; round++) {
    setting.tell(`${scenario}: round ${round} of ${setting.rounds}, ${label}`);
    plain.push(await pace(setting, direct, perSecond));
    passed.push(roundOf(await pace(setting, target, perSecond, pid)));
  }
  const figureOf = (unit: string, share: number, more: Parameters<typeof figure>[4]): Figure => {
    const direct = plain.map((result) => quantile(timesOf(result), share));
    const through = passed.map(({ result }) => quantile(timesOf(result), share));
    const differences = through.map((ms, round) => ms - (direct[round] ?? Number.NaN));
    const note = [`of ${spreadOf(direct).median.toFixed(1)} directly`, more?.note ?? ""]
      .filter(Boolean)
      .join(", ");
    return figure(scenario, label, unit, differences, { ...more, note });
  };
  const wanted = (below: number): string =>
    perSecond === 200 && label !== nodeLimit ? `wanted: < ${below}` : "";
  const figures = [
    figureOf("ms p50", 0.5, {
      counts: countsOf(passed),
      note: [busyNote(passed), wanted(1)].filter(Boolean).join(", "),
    }),
    figureOf("ms p99", 0.99, { note: wanted(5) }),
  ];
  return { figures, ratios: [], left: [] };
}

/** At this rate, whatever the answers do. */
function pace(
  { cores, countedMs }: Setting,
  target: LoadTarget,
  perSecond: number,
  subject?: number,
): Promise<LoadResult> {
  const connections = target.http === 2 ? 10 : 64;
  const task = { kind: "pace", target, connections, perSecond, leadMs, ms: countedMs } as const;
  return runLoad(subject === undefined ? task : { ...task, subject }, cores?.side);
}

/** The upstream itself: its origin carries a path, which the request's own follows. */
function direct(base: string, wire: "openai" | "openai-stream"): LoadTarget {
  const { origin, pathname } = new URL(base);
  return { origin, basePath: pathname, http: 1, wire, model: "direct", headers: {} };
}
