import { context, type ObservableResult, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { emitEvent } from "./emit-event.ts";
import { eventAttribute, eventName, metricLabel, switchyard } from "./names.ts";
import type { SpanSource } from "./span-source.ts";
import { wireWord } from "./wire-word.ts";

type State = "closed" | "open" | "half-open";

const states: readonly State[] = ["closed", "open", "half-open"];

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
  const { instruments, log } = source;
  return {
    onTransition: (from, to, breaker) => {
      const change = { from: wireWord(from), to: wireWord(to) };
      const tell = (): void =>
        log.warn(
          {
            "event.name": eventName.breakerTransition,
            [switchyard.breakerName]: breaker,
            [eventAttribute.breakerFrom]: change.from,
            [eventAttribute.breakerTo]: change.to,
          },
          `breaker ${change.from} -> ${change.to}`,
        );
      instruments.breakerTransitions.add(1, {
        [metricLabel.breaker]: breaker,
        [metricLabel.from]: change.from,
        [metricLabel.to]: change.to,
      });
      if (to === "half-open") {
        // It comes from a timer, in the async context of the call that tripped it and that ended long ago:
        // neither that call's trace nor its span has anything to do with it.
        context.with(ROOT_CONTEXT, tell);
        return;
      }
      const span = trace.getActiveSpan();
      if (span?.isRecording() === true) {
        emitEvent(span, eventName.breakerTransition, {
          [switchyard.breakerName]: breaker,
          [eventAttribute.breakerFrom]: change.from,
          [eventAttribute.breakerTo]: change.to,
        });
      }
      tell();
    },
    observe: (breakers) => {
      const report = (result: ObservableResult): void => {
        for (const { name, state } of breakers()) {
          for (const possible of states) {
            result.observe(possible === state ? 1 : 0, {
              [metricLabel.breaker]: name,
              [metricLabel.state]: wireWord(possible),
            });
          }
        }
      };
      instruments.breakerState.addCallback(report);
      return () => instruments.breakerState.removeCallback(report);
    },
  };
}
