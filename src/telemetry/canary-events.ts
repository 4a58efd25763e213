import { type Attributes, context, ROOT_CONTEXT, type Span, SpanKind, trace } from "@opentelemetry/api";
import { emitEvent } from "./emit-event.ts";
import { eventName, metricLabel, switchyard } from "./names.ts";
import type { SpanSource } from "./span-source.ts";
import { wireWord } from "./wire-word.ts";

/** A change of a canary's standing, or that there should be one. */
export interface CanaryDecision {
  /**
   * `alarmed`: it would have been rolled back, but the config says not to. `adopted`: another process that shares its
   * state decided it.
   */
  readonly kind: "rolled-back" | "alarmed" | "promoted" | "set" | "adopted";
  /** The canary's upstream. */
  readonly canary: string;
  /** Its share from now on, 0 to 10000. */
  readonly weightBasisPoints: number;
  /** The rule that fired, of a small closed set; undefined where none did. */
  readonly rule: string | undefined;
  /** Our own sentence. */
  readonly why: string;
}

/**
 * Tells of a decision once each as log line, counter, span event and span attributes: on the span of the call that
 * brought it about, whose context must be active; one that time brought about has a span of its own.
 */
export function createCanaryEvents(source: SpanSource): (decision: CanaryDecision) => void {
  const { tracer, instruments, log } = source;
  return (decision) => {
    const { kind, rule, why } = decision;
    const attributes = attributesOf(decision);
    const tell = (span: Span): void => {
      span.setAttributes(attributes);
      emitEvent(span, eventName.canaryDecision, attributes);
      const fields = { "event.name": eventName.canaryDecision, ...attributes };
      log[kind === "rolled-back" || kind === "alarmed" ? "warn" : "info"](fields, `canary ${kind}: ${why}`);
    };
    instruments.canaryDecisions.add(1, {
      [metricLabel.decision]: wireWord(kind),
      [metricLabel.rule]: rule === undefined ? "none" : wireWord(rule),
    });
    const active = trace.getActiveSpan();
    if (active !== undefined) return tell(active);
    const own = tracer.startSpan("canary", { kind: SpanKind.INTERNAL, root: true }, ROOT_CONTEXT);
    context.with(trace.setSpan(ROOT_CONTEXT, own), () => tell(own));
    own.end();
  };
}

function attributesOf({ kind, canary, weightBasisPoints, rule, why }: CanaryDecision): Attributes {
  return {
    [switchyard.canaryDecision]: wireWord(kind),
    [switchyard.canaryName]: canary,
    [switchyard.canaryWeightAfter]: weightBasisPoints / 10_000,
    [switchyard.canaryReason]: why,
    ...(rule === undefined ? {} : { [switchyard.canaryRule]: wireWord(rule) }),
  };
}
