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
 * starts the others among them, and each worker has as many calls at a time as the one: what is read and written together
 * makes a call cheaper. All of them are on the core of whoever is measured: where there are no more than two cores, workers
 * that were free to move would share the other one with the load, and be measured by how that gets on. That they take
 * turns, and find the caches as the other left them, is counted against two.
 */
export async function workersSpeed(setting: Setting): Promise<Findings> {
  const { cores, upstreams, collector, folder, warmUpMs, warmUpCalls } = setting;
  // Each of two compiles its own code.
  const longer = { ...setting, warmUpMs: 2 * warmUpMs, warmUpCalls: 2 * warmUpCalls };
  const start = (workers: number): Promise<MeasuredGateway> =>
    startMeasuredGateway({
      upstreams,
      collector,
      core: cores?.subject,
      folder,
      more: [`workers: ${workers}`, `budgets: [{ caller: ${caller}, perDay: "1000000" }]`],
    });
  const one = await start(1);
  try {
    const two = await start(2);
    try {
      const figures = await compareSpeeds(longer, "workers", [
        gatewaySide(one, "grpc", "unary", "one worker:"),
        { ...gatewaySide(two, "grpc", "unary", "two workers:"), processes: 2 },
        withBudget(gatewaySide(one, "grpc", "unary", "one worker, budget:")),
        { ...withBudget(gatewaySide(two, "grpc", "unary", "two workers, budget:")), processes: 2 },
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
