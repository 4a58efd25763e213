import {
  type Attempt,
  AttemptOutcome,
  BreakerState,
  type Cost,
  RouteReason,
  SkipReason,
  type UpstreamError,
} from "../../gen/switchyard/v1/routing_pb.ts";
import type { AttemptCost, AttemptEntry, SkipEntry, TrailEntry } from "../attempt/trail.ts";
import { errorReasonOf } from "../routing/error-reason.ts";
import type { Failure } from "../routing/failure.ts";
import type { ExcludedCandidate } from "../routing/plan.ts";
import { clipText } from "./clip-text.ts";
import { toBreakerState, toErrorReason, toOutcome, toRouteReason, toSkipReason } from "./contract-enums.ts";
import { toDuration, toTimestamp } from "./wire-time.ts";

/** Of an error's own sentence. */
const longestMessage = 200;

/** It is the upstream's: every one known is a third of this. */
const longestRequestId = 128;

/** One entry of a trail as callers see it. */
export function toAttempt(entry: TrailEntry): Attempt {
  return entry.kind === "skip" ? skipped(entry) : attempted(entry);
}

/** A candidate that the plan ruled out. */
export function toExcluded({ deployment, skip }: ExcludedCandidate): Attempt {
  return {
    ...notMade,
    deployment: deployment.id,
    skipReason: toSkipReason(skip),
  };
}

/** What an attempt or a call cost: the message itself, which nobody copies into another. */
export function toCost({ nanos, unpriced, estimated }: AttemptCost): Cost {
  return { $typeName: "switchyard.v1.Cost", nanosUsd: nanos, unpriced, estimated };
}

function skipped({ deployment, skip, breakerState }: SkipEntry): Attempt {
  return {
    ...notMade,
    deployment,
    skipReason: toSkipReason(skip),
    breakerState: toBreakerState(breakerState),
  };
}

/** A candidate that was passed over, as far as all of them are alike. */
const notMade = {
  $typeName: "switchyard.v1.Attempt",
  number: 0,
  reason: RouteReason.UNSPECIFIED,
  outcome: AttemptOutcome.SKIPPED,
  breakerState: BreakerState.UNSPECIFIED,
  keyId: "",
} as const;

function attempted(entry: AttemptEntry): Attempt {
  const { failure, firstTokenMs, usage, cost } = entry;
  return {
    $typeName: "switchyard.v1.Attempt",
    number: entry.number,
    deployment: entry.deployment,
    reason: toRouteReason(entry.reason),
    outcome: toOutcome(entry.outcome),
    skipReason: SkipReason.UNSPECIFIED,
    breakerState: toBreakerState(entry.breakerState),
    keyId: entry.keyId,
    startTime: toTimestamp(entry.startedAt),
    latency: toDuration(entry.latencyMs),
    backoff: entry.backoffMs > 0 ? toDuration(entry.backoffMs) : undefined,
    error: failure && toUpstreamError(failure),
    timeToFirstToken: firstTokenMs === undefined ? undefined : toDuration(firstTokenMs),
    usage,
    cost: cost && toCost(cost),
  };
}

function toUpstreamError(failure: Failure): UpstreamError {
  const { retryAfterMs } = failure;
  return {
    $typeName: "switchyard.v1.UpstreamError",
    reason: toErrorReason(errorReasonOf(failure.kind)),
    httpStatus: failure.httpStatus ?? 0,
    upstreamCode: failure.upstreamCode ?? "",
    message: clipText(failure.message, longestMessage),
    upstreamRequestId: clipText(failure.upstreamRequestId ?? "", longestRequestId),
    retryAfter: retryAfterMs === undefined ? undefined : toDuration(retryAfterMs),
  };
}
