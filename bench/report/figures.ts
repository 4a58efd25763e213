import { type Spread, spreadOf } from "../spread.ts";

/** How many answers were what. */
export interface Counts {
  readonly ok: number;
  readonly refused: number;
  readonly failed: number;
}

/** What was measured of one side in one scenario, a value a round. */
export interface Figure {
  readonly scenario: string;
  readonly side: string;
  readonly unit: string;
  readonly rounds: readonly number[];
  readonly spread: Spread;
  readonly counts: Counts | undefined;
  readonly note: string;
}

/** Two sides of one scenario, compared round by round, so that a machine that changes its speed changes both. */
export interface Ratio {
  readonly scenario: string;
  readonly of: string;
  readonly to: string;
  readonly rounds: readonly number[];
  readonly spread: Spread;
  /** What performance should be, in words: `≥ 0.4`; empty where nothing is asked. */
  readonly wanted: string;
}

/** Everything one run found. */
export interface Findings {
  readonly figures: readonly Figure[];
  readonly ratios: readonly Ratio[];
  /** What could not be measured here, and why. */
  readonly left: readonly string[];
}

export const noFindings: Findings = { figures: [], ratios: [], left: [] };

export function figure(
  scenario: string,
  side: string,
  unit: string,
  rounds: readonly number[],
  more: { readonly counts?: Counts; readonly note?: string } = {},
): Figure {
  return {
    scenario,
    side,
    unit,
    rounds,
    spread: spreadOf(rounds),
    counts: more.counts,
    note: more.note ?? "",
  };
}

/** @param wanted as in {@link Ratio} */
export function ratio(of: Figure, to: Figure, wanted = ""): Ratio {
  const rounds = of.rounds.map((value, round) => value / (to.rounds[round] ?? Number.NaN));
  return { scenario: of.scenario, of: of.side, to: to.side, rounds, spread: spreadOf(rounds), wanted };
}

export function joined(...all: readonly Findings[]): Findings {
  return {
    figures: all.flatMap(({ figures }) => figures),
    ratios: all.flatMap(({ ratios }) => ratios),
    left: all.flatMap(({ left }) => left),
  };
}
