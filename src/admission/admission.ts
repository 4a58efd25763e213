import type { Criticality } from "./criticality.ts";

/** Whether there is room for a call. */
export type Admitted =
  | {
      readonly kind: "admitted";
      /** Gives the room back; calls after the first do nothing. */
      readonly release: () => void;
    }
  | {
      readonly kind: "refused";
      readonly why: "full" | "draining";
      /** When to come back; spread, so that those refused together do not return together. */
      readonly retryAfterMs: number;
    };

/** The gateway's door: decides before a body is read, from numbers at hand, and never waits. */
export interface Admission {
  readonly admit: (criticality: Criticality) => Admitted;
  /** From now on everything is refused; what is inside may finish. There is no way back. */
  readonly setDraining: () => void;
  readonly draining: () => boolean;
  readonly inFlight: () => number;
}

// Share of `maxInFlight` from which a call of this criticality is refused. Rising, so that whoever matters
// more always has room where somebody who matters less has.
const refusedFrom: Readonly<Record<Criticality, number>> = {
  sheddable: 0.7,
  "sheddable-plus": 0.8,
  critical: 0.95,
  "critical-plus": 1,
};

// A loop this late delays every token of every stream: work that may go, goes.
const lateLoopMs = 100;

const sheddable: ReadonlySet<Criticality> = new Set(["sheddable", "sheddable-plus"]);

/**
 * Opens the door.
 * @param options.maxInFlight calls inside at the same time, at most
 * @param options.loopDelayMs 99th percentile of the event loop's delay of late
 * @param options.random uniform in [0, 1)
 */
export function createAdmission(options: {
  readonly maxInFlight: number;
  readonly loopDelayMs: () => number;
  readonly random: () => number;
}): Admission {
  const { maxInFlight, loopDelayMs, random } = options;
  let inFlight = 0;
  let draining = false;

  const refuse = (why: "full" | "draining"): Admitted => ({
    kind: "refused",
    why,
    retryAfterMs: Math.round(500 + 1000 * random()),
  });
  const admitted = (): Admitted => {
    inFlight += 1;
    let released = false;
    return {
      kind: "admitted",
      release: () => {
        if (released) return;
        released = true;
        inFlight -= 1;
      },
    };
  };
  return {
    admit: (criticality) => {
      if (draining) return refuse("draining");
      if (inFlight >= refusedFrom[criticality] * maxInFlight) return refuse("full");
      if (sheddable.has(criticality) && loopDelayMs() > lateLoopMs) return refuse("full");
      return admitted();
    },
    setDraining: () => {
      draining = true;
    },
    draining: () => draining,
    inFlight: () => inFlight,
  };
}
