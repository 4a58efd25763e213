import type { LoadResult } from "../load/load-task.ts";
import { runLoad } from "../load/run-load.ts";
import { processUsage } from "../process-usage.ts";
import { type Counts, figure, type Figure } from "../report/figures.ts";
import { connectionsOf, type Side } from "../subjects/side.ts";
import type { Setting } from "./setting.ts";

/** Enough calls at a time to keep one core busy. */
const lanes = 100;
const mostWarmUps = 4;
/** A load process compiles its own code first. */
const leadMs = 600;

interface Round {
  readonly result: LoadResult;
  readonly perSecond: number;
  /** Of the subject's own core time; undefined where the system does not count it. */
  readonly perCoreSecond: number | undefined;
  /** Share of one core that the subject used. */
  readonly busy: number | undefined;
}

/**
 * Drives each side in turn, round after round (A B A B …), as hard as it goes. The figure is calls per second of core
 * time that the side used: what one core can do, also while others use the machine; where that is not known, calls per
 * second.
 * @param perCall units in one call, such as 100 chunks
 */
export async function compareSpeeds(
  setting: Setting,
  scenario: string,
  sides: readonly Side[],
  { unit, perCall }: { readonly unit: string; readonly perCall: number } = { unit: "calls", perCall: 1 },
): Promise<readonly Figure[]> {
  const rounds = new Map<string, Round[]>(sides.map(({ label }) => [label, []]));
  for (const side of sides) {
    setting.tell(`${scenario}: warms up ${side.label}`);
    await warmUp(setting, side);
  }
  for (let number = 1; number <= setting.rounds; number++) {
    for (const side of sides) {
      setting.tell(`${scenario}: round ${number} of ${setting.rounds}, ${side.label}`);
      rounds.get(side.label)?.push(await drive(setting, side, setting.countedMs));
    }
  }
  return sides.map(({ label }) => {
    const all = rounds.get(label) ?? [];
    const values = all.map(({ perSecond, perCoreSecond }) => (perCoreSecond ?? perSecond) * perCall);
    const known = all.every(({ perCoreSecond }) => perCoreSecond !== undefined);
    return figure(scenario, label, known ? `${unit}/core-s` : `${unit}/s`, values, {
      counts: sum(all),
      note: noteOf(all, perCall, unit),
    });
  });
}

/** What is slow compiles its code as late as it gets there: by calls, not by time, but not for ever. */
async function warmUp(setting: Setting, side: Side): Promise<void> {
  let calls = 0;
  for (let turn = 0; turn < mostWarmUps && calls < setting.warmUpCalls; turn++) {
    const { result } = await drive(setting, side, setting.warmUpMs);
    calls += result.ok;
  }
}

async function drive({ cores }: Setting, { pid, target }: Side, ms: number): Promise<Round> {
  let begin: number | undefined;
  let end: number | undefined;
  const connections = connectionsOf(target, lanes);
  const result = await runLoad(
    { kind: "saturate", target, connections, lanes, leadMs, ms },
    cores?.side,
    (mark) => {
      if (mark === "begin") begin = processUsage(pid)?.cpuSeconds;
      if (mark === "end") end = processUsage(pid)?.cpuSeconds;
    },
  );
  const coreSeconds = begin === undefined || end === undefined ? undefined : end - begin;
  const seconds = result.ms / 1000;
  return {
    result,
    perSecond: result.ok / seconds,
    perCoreSecond: coreSeconds === undefined ? undefined : result.ok / coreSeconds,
    busy: coreSeconds === undefined ? undefined : coreSeconds / seconds,
  };
}

function sum(rounds: readonly Round[]): Counts {
  const total = (name: keyof Counts): number => rounds.reduce((count, { result }) => count + result[name], 0);
  return { ok: total("ok"), refused: total("refused"), failed: total("failed") };
}

function noteOf(rounds: readonly Round[], perCall: number, unit: string): string {
  const speed = `${mean(rounds.map(({ perSecond }) => perSecond * perCall)).toFixed(0)} ${unit}/s`;
  const busy = rounds.flatMap((round) => (round.busy === undefined ? [] : [round.busy]));
  const example = rounds.find(({ result }) => result.exampleOfFailure !== undefined)?.result.exampleOfFailure;
  return [
    speed,
    ...(busy.length === 0 ? [] : [`core ${(mean(busy) * 100).toFixed(0)} % busy`]),
    ...(example === undefined ? [] : [`not ok: ${example}`]),
  ].join(", ");
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
