import type { ChatInput } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { Model } from "../routing/catalog.ts";
import type { Plan } from "../routing/plan.ts";
import type { RouteSpan } from "../telemetry/route-span.ts";
import type { Trail } from "./trail.ts";

/** Why a call ends from outside while it runs. */
export type CallEnding = "cancelled" | "deadline-exceeded" | "draining";

/**
 * The limits of one call: the caller's own numbers where they are smaller than the configured ones. What the caller
 * made shorter says nothing about an upstream when it runs out: the configured numbers stand beside it.
 */
export interface CallLimits {
  /** Instant on the monotonic clock at which the whole call ends. */
  readonly deadline: number;
  /** True where the caller itself set the deadline. */
  readonly deadlineFromCaller: boolean;
  /** From the start of the call to its deadline, in milliseconds. */
  readonly allowanceMs: number;
  /** All attempts together, key rotations excepted. */
  readonly maxAttempts: number;
  /** The caller's, for one attempt: to its whole answer, or to the first content of a stream. */
  readonly attemptMs: number | undefined;
  /** Until the first content of a streamed attempt. */
  readonly firstTokenMs: (model: Model) => number;
  readonly configuredFirstTokenMs: (model: Model) => number;
  /** Between two bytes of a stream, comments included. */
  readonly idleMs: number;
  /** Between two pieces of content of a stream. */
  readonly tokenIdleMs: number;
  readonly configuredTokenIdleMs: number;
}

/** When a stream may start over at another deployment. */
export type StreamRestartMode =
  /** While no content was sent. */
  | "before-content"
  /** Also later; the caller is told to drop what it has. */
  | "allowed"
  /** Also later; nothing is sent before the answer is whole. */
  | "buffer";

/** Whom a call's attempts are accounted to. The run passes it on unread. */
export interface CallAccount {
  readonly caller: string;
  /** As the caller set them. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A call with everything that its run needs. */
export interface PlannedCall {
  readonly plan: Plan;
  readonly input: ChatInput;
  /** Of `input`, estimated. */
  readonly inputTokens: number;
  readonly limits: CallLimits;
  /** Of a stream; a unary call ignores it. */
  readonly restart: StreamRestartMode;
  /** Aborts when the caller goes away, its deadline passes or the server gives up on it. */
  readonly signal: AbortSignal;
  /** Why `signal` aborted; undefined while it has not. */
  readonly ending: () => CallEnding | undefined;
  /** Of this call; the run ends it. */
  readonly route: RouteSpan;
  /** The run writes it; empty at the start. */
  readonly trail: Trail;
  readonly account: CallAccount;
}
