/**
 * Where the process stands between its start and its end. `leaving`: probes say so, but calls are still
 * served; `refusing`: new calls are refused, running ones finish.
 */
export type ServingPhase = "starting" | "serving" | "leaving" | "refusing";

/** The phase, shared by every listener and the health service. */
export interface ServingState {
  readonly phase: () => ServingPhase;
  /** Moves on; a phase that has passed does not come back. */
  readonly advance: (phase: ServingPhase) => void;
  /** @returns a function that ends the subscription */
  readonly onChange: (listener: () => void) => () => void;
}

const order: readonly ServingPhase[] = ["starting", "serving", "leaving", "refusing"];

/** In phase `starting`. */
export function createServingState(): ServingState {
  let current: ServingPhase = "starting";
  const listeners = new Set<() => void>();
  return {
    phase: () => current,
    advance(phase) {
      if (order.indexOf(phase) <= order.indexOf(current)) return;
      current = phase;
      for (const listener of listeners) listener();
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
