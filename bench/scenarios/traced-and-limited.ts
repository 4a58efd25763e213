import { startListeningProgram } from "../listening-program.ts";
import { type Figure, type Findings, ratio } from "../report/figures.ts";
import { type MeasuredGateway, startMeasuredGateway } from "../subjects/gateway.ts";
import { compareSpeeds } from "./compare-speeds.ts";
import { gatewaySide } from "./gateway-side.ts";
import type { Setting } from "./setting.ts";

/** The same unary load with and without traces, with a real backend behind them, and with a tenth of the answers 429s. */
export async function tracedAndLimited(setting: Setting, gateway: MeasuredGateway): Promise<Findings> {
  const { cores, upstreams, folder, collector } = setting;
  const core = cores?.subject;
  const backend = await startListeningProgram("upstream/trace-backend.ts", [], { core: cores?.side, folder });
  const untraced = await startMeasuredGateway({ upstreams, collector: undefined, core, folder });
  const shown = await startMeasuredGateway({ upstreams, collector: backend.origin, core, folder });
  try {
    const before = await countOf(collector);
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
      figures: [...figures, ...(await delivered(collector, before, [counted, limited]))],
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

/** Three spans a call at least; what was sent before and after the counted time comes on top. */
async function delivered(
  collector: string,
  before: number,
  figures: readonly Figure[],
): Promise<readonly Figure[]> {
  // The gateway sends what waits each second.
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const calls = figures.reduce((sum, { counts }) => sum + (counts?.ok ?? 0), 0);
  const perCall = ((await countOf(collector)) - before) / calls;
  return [
    {
      ...(figures[0] as Figure),
      side: "counting collector",
      unit: "spans/call",
      rounds: [perCall],
      spread: { min: perCall, median: perCall, max: perCall },
      counts: undefined,
      note: "3 are recorded, and one more for each 429; calls of warm-ups make it more",
    },
  ];
}
