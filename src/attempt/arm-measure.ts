import type { Arm } from "../routing/canary-arm.ts";
import type { ArmSamples } from "../routing/arm-samples.ts";
import { type Look, looksToDecide } from "../routing/canary-look.ts";
import { createThinnedSample, type ThinnedSample } from "./thinned-sample.ts";

/** One measure of calls, gathered by kind and arm from one look to the next. */
export interface ArmMeasure {
  readonly add: (kind: string, arm: Arm, value: number) => void;
  /**
   * Looks at what came since the last look and forgets it, so that no call speaks twice. Where that is too little to
   * compare, it stays for the next. Returns the ratio once enough looks in a row found the canary worse.
   */
  readonly look: () => number | undefined;
  /** The last look found nothing. */
  readonly quiet: () => boolean;
}

/** A look is a matter of milliseconds with so many of each kind and arm. */
const mostOfKind = 1000;

/** @param judge compares what was gathered */
export function createArmMeasure(judge: (kinds: readonly ArmSamples[]) => Look): ArmMeasure {
  let gathered = new Map<string, Readonly<Record<Arm, ThinnedSample>>>();
  let worseLooks = 0;
  return {
    add: (kind, arm, value) => {
      const samples = gathered.get(kind) ?? {
        stable: createThinnedSample(mostOfKind),
        canary: createThinnedSample(mostOfKind),
      };
      gathered.set(kind, samples);
      samples[arm].add(value);
    },
    look: () => {
      const look = judge(
        [...gathered.values()].map(({ stable, canary }) => ({
          stable: stable.values(),
          canary: canary.values(),
        })),
      );
      if (look.kind === "too-few") return undefined;
      gathered = new Map();
      worseLooks = look.kind === "worse" ? worseLooks + 1 : 0;
      return worseLooks >= looksToDecide ? look.ratio : undefined;
    },
    quiet: () => worseLooks === 0,
  };
}
