import { figure, type Findings } from "../report/figures.ts";
import { startMeasuredGateway } from "../subjects/gateway.ts";
import type { Setting } from "./setting.ts";

/** Milliseconds from the start of the process until it serves. */
export async function startUp(setting: Setting): Promise<Findings> {
  const { cores, upstreams, collector, folder } = setting;
  const rounds: number[] = [];
  for (let round = 1; round <= setting.rounds; round++) {
    setting.tell(`start-up: round ${round} of ${setting.rounds}`);
    const gateway = await startMeasuredGateway({ upstreams, collector, core: cores?.subject, folder });
    rounds.push(gateway.readyMs);
    await gateway.stop();
  }
  return { figures: [figure("start-up", "switchyard", "ms", rounds)], ratios: [], left: [] };
}
