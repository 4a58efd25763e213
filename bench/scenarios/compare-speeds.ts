import { figure, type Figure } from "../report/figures.ts";
import type { Side } from "../subjects/side.ts";
import { busyNote, countsOf, drive, mean, type Round, warmUp } from "./drive.ts";
import type { Setting } from "./setting.ts";

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
  for (const side of sides) await warmUp(setting, side);
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
      counts: countsOf(all),
      note: noteOf(all, perCall, unit),
    });
  });
}

function noteOf(rounds: readonly Round[], perCall: number, unit: string): string {
  const speed = `${mean(rounds.map(({ perSecond }) => perSecond * perCall)).toFixed(0)} ${unit}/s`;
  const busy = busyNote(rounds);
  const example = rounds.find(({ result }) => result.exampleOfFailure !== undefined)?.result.exampleOfFailure;
  return [
    speed,
    ...(busy === "" ? [] : [busy]),
    ...(example === undefined ? [] : [`not ok: ${example}`]),
  ].join(", ");
}
