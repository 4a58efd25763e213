import type { Usage } from "../../gen/switchyard/v1/content_pb.ts";
import type { ChoiceDelta, ChoiceEnd } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { CallFailure } from "../routing/call-failure.ts";
import type { Completion, StreamStart } from "../upstream/upstream.ts";
import type { AttemptCost, AttemptEntry, AttemptReason } from "./trail.ts";

/** What a whole answer used and cost, and which attempt gave it. */
export interface Served {
  /** Reported by the upstream, else estimated: its `source` says which. */
  readonly usage: Usage;
  readonly cost: AttemptCost;
  readonly attempt: AttemptEntry;
  /** Why the answer came from there: the attempt's own reason, but a fallback with a second key is a fallback. */
  readonly reason: AttemptReason;
}

/** How a unary call ended. */
export type ChatOutcome =
  | { readonly kind: "answered"; readonly completion: Completion; readonly served: Served }
  | { readonly kind: "failed"; readonly failure: CallFailure };

/**
 * What a stream brings, in this order: `started`, `deltas`…, then one `finished` or `failed`. With a restart
 * `restarted` comes in between, and no second `started`. `failed` may come at any time; nothing follows it.
 */
export type StreamEvent =
  | { readonly kind: "started"; readonly start: StreamStart; readonly serving: Serving }
  /** What one read of the upstream brought; never empty. */
  | { readonly kind: "deltas"; readonly deltas: readonly ChoiceDelta[] }
  | { readonly kind: "restarted"; readonly failed: AttemptEntry; readonly deployment: string }
  | {
      readonly kind: "finished";
      readonly ends: readonly ChoiceEnd[];
      readonly modelVersion: string;
      readonly served: Served;
    }
  | { readonly kind: "failed"; readonly failure: CallFailure };

/** The attempt whose content follows: what is known of it before it ends. */
export type Serving = Pick<AttemptEntry, "number" | "deployment" | "model" | "reason">;
