import { setTimeout as sleep } from "node:timers/promises";
import { startListeningProgram } from "../listening-program.ts";
import { runLoad } from "../load/run-load.ts";
import { figure, type Figure, type Findings, ratio } from "../report/figures.ts";
import { type MeasuredGateway, startMeasuredGateway } from "../subjects/gateway.ts";
import { compareSpeeds } from "./compare-speeds.ts";
import { gatewaySide } from "./gateway-side.ts";
import type { Setting } from "./setting.ts";

/** The gateway sends what waits each second. */
const flushedMs = 2500;

/** The same unary load with and without traces, with a real backend behind them, and with a tenth of the answers 429s. */
export async function tracedAndLimited(setting: Setting, gateway: MeasuredGateway): Promise<Findings> {
  const { cores, upstreams, folder } = setting;
  const core = cores?.subject;
  const backend = await startListeningProgram("upstream/trace-backend.ts", [], { core: cores?.side, folder });
  const untraced = await startMeasuredGateway({ upstreams, collector: undefined, core, folder });
  const shown = await startMeasuredGateway({ upstreams, collector: backend.origin, core, folder });
  try {
    const figures = await compareSpeeds(setting, "traces and limits", [
      gatewaySide(untraced, "grpc", "unary", "no export:"),
      gatewaySide(gateway, "grpc", "unary", "counting collector:"),
      gatewaySide(shown, "grpc", "unary", "real backend:"),
      gatewaySide(gateway, "grpc", "limited", "a tenth 429s:"),
    ]);
    const [off, counted, real, limited] = figures;
    if (off === undefined || counted === undefined || real === undefined || limited === undefined)
      return { figures, ratios: [], left: [] };
    return {
      figures: [...figures, await spansOfCall(setting, gateway)],
      ratios: [ratio(counted, off), ratio(real, off), ratio(limited, counted)],
      left: [],
    };
  } finally {
    await untraced.stop();
    await shown.stop();
    await backend.stop();
  }
}

async function countOf(collector: string): Promise<number> {
  return Number(await (await fetch(collector)).text());
}

/** How many spans of a call get to the collector: of a few calls with nothing else before, beside or after them. */
async function spansOfCall({ cores, collector, tell }: Setting, gateway: MeasuredGateway): Promise<Figure> {
  tell("traces and limits: counts the spans of a call");
  const { label, target } = gatewaySide(gateway, "grpc", "unary");
  await sleep(flushedMs);
  const before = await countOf(collector);
  const task = { kind: "pace", target, connections: 10, perSecond: 100, leadMs: 0, ms: 2000 } as const;
  const { ok, refused, failed } = await runLoad(task, cores?.side);
  await sleep(flushedMs);
  const perCall = ((await countOf(collector)) - before) / ok;
  return figure("traces and limits", label, "spans/call", [perCall], {
    counts: { ok, refused, failed },
    note: "recorded: 3",
  });
}
