import type { Circuit, Probe } from "./opossum-circuit.ts";
import type { BreakerStateName } from "./permit.ts";

/**
 * A generation. An outcome counts only while the state in which its permit was taken is still the state:
 * what began before an outage says nothing about what came after it.
 */
export type BreakerState =
  | { readonly kind: "closed"; readonly circuit: Circuit }
  | { readonly kind: "open"; readonly probeAt: number; readonly failurePpm: number }
  | { readonly kind: "half-open"; readonly failurePpm: number }
  | {
      readonly kind: "probing";
      readonly circuit: Circuit;
      readonly probe: Probe;
      /** When a probe that nobody settled counts as failed. */
      readonly overdueAt: number;
      readonly failurePpm: number;
    };

/** Its name for others, to whom half-open is one state. */
export function stateName(state: BreakerState): BreakerStateName {
  return state.kind === "probing" ? "half-open" : state.kind;
}

/** The instant at which time alone ends a state; Infinity where it never does. */
export function dueAt(state: BreakerState): number {
  if (state.kind === "open") return state.probeAt;
  return state.kind === "probing" ? state.overdueAt : Infinity;
}

/** Failed share of the window, parts per million; while not closed, as it was when it opened. */
export function failurePpm(state: BreakerState): number {
  return state.kind === "closed" ? state.circuit.failurePpm() : state.failurePpm;
}
