import { BadRequestSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { TrailEntry } from "../attempt/trail.ts";
import type { CallFailure } from "../routing/call-failure.ts";
import { errorReasonOf } from "../routing/error-reason.ts";
import type { ErrorReasonName } from "../routing/error-reason.ts";
import { longestRetryAfterMs } from "../routing/next-step.ts";
import { clipText } from "./clip-text.ts";
import { decidedError } from "./decided-error.ts";
import { errorInfo } from "./error-info.ts";
import type { RpcCode, RpcError, RpcErrorDetail } from "./rpc-error.ts";
import type { RouteDecision } from "../../gen/switchyard/v1/routing_pb.ts";
import { toDuration } from "./wire-time.ts";

/** What an error says of the call besides how it failed. */
export interface FailedCall {
  readonly decision: RouteDecision;
  /** The model that was called last, else the one that was asked for. */
  readonly model: string;
  /** Upstream calls that were made. */
  readonly attempts: number;
  readonly entries: readonly TrailEntry[];
  /** From the call's start to its deadline. */
  readonly allowanceMs: number;
  /** Of that model; undefined where it is not known. */
  readonly contextWindowTokens: number | undefined;
}

/** The one place that chooses the status of what became of a call at its upstreams. @see README, Errors */
export function callFailureError(failure: CallFailure, call: FailedCall): RpcError {
  const { code, reason } = statusOf(failure);
  const metadata: Record<string, string> = { model: call.model, attempts: `${call.attempts}` };
  if (code === "ABORTED") metadata["content_sent"] = `${failure.contentSent}`;
  if (failure.kind === "deadline-exceeded") metadata["deadline_ms"] = `${Math.round(call.allowanceMs)}`;
  if (failure.kind === "context-too-long" && call.contextWindowTokens !== undefined) {
    metadata["context_window_tokens"] = `${call.contextWindowTokens}`;
  }
  const retryMs = retryAfterMs(failure);
  return decidedError(
    {
      code,
      message: messageOf(failure, call),
      details: [errorInfo(reason, metadata), ...badRequest(failure), ...retryInfo(retryMs)],
      trailers: pushback(failure, retryMs),
    },
    call.decision,
  );
}

interface Status {
  readonly code: RpcCode;
  readonly reason: ErrorReasonName;
}

function statusOf(failure: CallFailure): Status {
  const code = codeOf(failure);
  // Whatever ended a restarted answer: to its caller, who has content of it, the stream broke.
  const broken = failure.contentSent && code === "ABORTED" && failure.kind !== "draining";
  return { code, reason: broken ? "UPSTREAM_STREAM_BROKEN" : errorReasonOf(failure.kind) };
}

function codeOf({ kind, contentSent }: CallFailure): RpcCode {
  switch (kind) {
    case "cancelled":
      return "CANCELLED";
    case "deadline-exceeded":
      return "DEADLINE_EXCEEDED";
    case "invalid-request":
    case "request-too-large":
    case "context-too-long":
    case "content-filtered":
      return contentSent ? "ABORTED" : "INVALID_ARGUMENT";
    case "conflict":
      return "ABORTED";
    case "rate-limited":
    case "quota-exhausted":
    case "unauthorized":
    case "forbidden":
    case "model-missing":
    case "redirected":
    case "overloaded":
    case "server-error":
    case "unreachable":
    case "connection-lost":
    case "stale-connection":
    case "timeout":
    case "bad-response":
    case "stream-broken":
    case "draining":
    case "local":
    case "none-available":
      // Once content was sent no client may repeat the call unasked, as some do with UNAVAILABLE.
      return contentSent ? "ABORTED" : "UNAVAILABLE";
  }
}

function messageOf(failure: CallFailure, call: FailedCall): string {
  switch (failure.kind) {
    case "cancelled":
      return "the caller cancelled the call";
    case "deadline-exceeded":
      return `no whole answer within the deadline of ${Math.round(call.allowanceMs)} ms: allow more time or ask for less`;
    case "draining":
      return "the gateway is shutting down: call again";
    default:
      break;
  }
  const said = failure.failure?.message;
  if (said === undefined) return `no deployment can take the call now: ${skipSummary(call.entries)}`;
  if (failure.contentSent) return `the answer broke off after content was sent: ${said}`;
  if (call.attempts < 2) return said;
  return `nothing left to try after ${call.attempts} attempts; the last: ${said}`;
}

/** Such as `breaker open (2), at capacity (1)`. */
function skipSummary(entries: readonly TrailEntry[]): string {
  const skips = entries.flatMap((entry) => (entry.kind === "skip" ? [entry] : []));
  if (skips.length === 0) return "none is configured with a usable key";
  const byReason = Map.groupBy(skips, ({ skip }) => skip);
  return [...byReason]
    .map(([skip, of]) => `${skip.replaceAll("-", " ")} (${new Set(of.map((s) => s.deployment)).size})`)
    .join(", ");
}

/** As long as the status's own message. */
const longestDescription = 200;

function badRequest({ kind, failure, contentSent }: CallFailure): readonly RpcErrorDetail[] {
  switch (kind) {
    case "invalid-request":
    case "request-too-large":
    case "context-too-long": {
      if (contentSent) return [];
      const description = clipText(failure?.message ?? "the upstream refuses it", longestDescription);
      return [{ schema: BadRequestSchema, value: { fieldViolations: [{ field: "input", description }] } }];
    }
    default:
      return [];
  }
}

/** An answer of which content was sent is not to be repeated by a machine. */
function retryAfterMs({ retryAfterMs, contentSent, kind }: CallFailure): number | undefined {
  if (retryAfterMs === undefined || (contentSent && kind !== "draining")) return undefined;
  return Math.min(Math.max(0, retryAfterMs), longestRetryAfterMs);
}

function retryInfo(retryMs: number | undefined): readonly RpcErrorDetail[] {
  if (retryMs === undefined) return [];
  return [{ schema: RetryInfoSchema, value: { retryDelay: toDuration(retryMs) } }];
}

/** What gRPC clients with a retry policy obey: -1 is never. @see https://github.com/grpc/proposal/blob/master/A6-client-retries.md */
function pushback(failure: CallFailure, retryMs: number | undefined): Record<string, string> {
  if (failure.retriesSpent) return { "grpc-retry-pushback-ms": "-1" };
  return retryMs === undefined ? {} : { "grpc-retry-pushback-ms": `${Math.round(retryMs)}` };
}
