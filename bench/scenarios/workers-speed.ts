import { type Figure, type Findings, ratio } from "../report/figures.ts";
import { type MeasuredGateway, startMeasuredGateway } from "../subjects/gateway.ts";
import type { Side } from "../subjects/side.ts";
import { compareSpeeds } from "./compare-speeds.ts";
import { gatewaySide } from "./gateway-side.ts";
import type { Setting } from "./setting.ts";

/** Who has a budget, of which all workers tell each other at each call. */
const caller = "bench";

/**
 * One worker beside two: what it costs to be more than one. Core time is that of all processes of a gateway, the one that
 * starts the others among them. Neither is pinned: on one core two would take turns, and fill its caches anew at each.
 */
export async function workersSpeed(setting: Setting): Promise<Findings> {
  const { upstreams, collector, folder, warmUpMs, warmUpCalls } = setting;
  // Each of two compiles its own code, with half of the calls.
  const longer = { ...setting, warmUpMs: 2 * warmUpMs, warmUpCalls: 2 * warmUpCalls };
  const start = (workers: number): Promise<MeasuredGateway> =>
    startMeasuredGateway({
      upstreams,
      collector,
      core: undefined,
      folder,
      more: [`workers: ${workers}`, `budgets: [{ caller: ${caller}, perDay: "1000000" }]`],
    });
  const one = await start(1);
  try {
    const two = await start(2);
    try {
      const figures = await compareSpeeds(longer, "workers", [
        gatewaySide(one, "grpc", "unary", "one worker:"),
        gatewaySide(two, "grpc", "unary", "two workers:"),
        withBudget(gatewaySide(one, "grpc", "unary", "one worker, budget:")),
        withBudget(gatewaySide(two, "grpc", "unary", "two workers, budget:")),
      ]);
      const [single, double, budgeted, shared] = figures;
      return {
        figures,
        ratios: [...compared(double, single, "≥ 0.85"), ...compared(shared, budgeted)],
        left: [],
      };
    } finally {
      await two.stop();
    }
  } finally {
    await one.stop();
  }
}

function withBudget(side: Side): Side {
  return { ...side, target: { ...side.target, headers: { "x-switchyard-caller": caller } } };
}

function compared(of: Figure | undefined, to: Figure | undefined, wanted = "") {
  return of === undefined || to === undefined ? [] : [ratio(of, to, wanted)];
}
