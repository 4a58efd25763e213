import type { LoadResult } from "../load/load-task.ts";
import { runLoad } from "../load/run-load.ts";
import type { Counts } from "../report/figures.ts";
import { connectionsOf, type Side } from "../subjects/side.ts";
import type { Setting } from "./setting.ts";

/** Enough calls at a time to keep one core busy. */
const lanesOfOne = 100;
const mostWarmUps = 4;
/** A load process compiles its own code first. */
const leadMs = 600;

/** What one side did in one round. */
export interface Round {
  readonly result: LoadResult;
  readonly perSecond: number;
  /** Of the subject's own core time; undefined where the system does not count it. */
  readonly perCoreSecond: number | undefined;
  /** Share of one core that the subject used. */
  readonly busy: number | undefined;
}

/** What is slow compiles its code as late as it gets there: by calls, not by time, but not for ever. */
export async function warmUp(setting: Setting, side: Side): Promise<void> {
  setting.tell(`warms up ${side.label}`);
  let calls = 0;
  for (let turn = 0; turn < mostWarmUps && calls < setting.warmUpCalls; turn++) {
    const { result } = await drive(setting, side, setting.warmUpMs);
    calls += result.ok;
  }
}

/** As hard as it goes. */
export async function drive(
  { cores }: Setting,
  { pid, target, processes = 1 }: Side,
  ms: number,
): Promise<Round> {
  const lanes = lanesOfOne * processes;
  const connections = connectionsOf(target, lanes);
  const task = { kind: "saturate", target, connections, subject: pid, lanes, leadMs, ms } as const;
  return roundOf(await runLoad(task, cores?.side));
}

export function roundOf(result: LoadResult): Round {
  const { ok, coreSeconds } = result;
  const seconds = result.ms / 1000;
  return {
    result,
    perSecond: ok / seconds,
    perCoreSecond: coreSeconds === undefined ? undefined : ok / coreSeconds,
    busy: coreSeconds === undefined ? undefined : coreSeconds / seconds,
  };
}

export function countsOf(rounds: readonly Round[]): Counts {
  const total = (name: keyof Counts): number => rounds.reduce((count, { result }) => count + result[name], 0);
  return { ok: total("ok"), refused: total("refused"), failed: total("failed") };
}

/** How busy the subject was, on average; empty where that is not known. */
export function busyNote(rounds: readonly Round[]): string {
  const busy = rounds.flatMap((round) => (round.busy === undefined ? [] : [round.busy]));
  return busy.length === 0 ? "" : `core ${(mean(busy) * 100).toFixed(0)} % busy`;
}

export function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
