import type { Message, MessageInitShape } from "@bufbuild/protobuf";
import type { AttemptSchema, Cost, UpstreamErrorSchema } from "../../gen/switchyard/v1/routing_pb.ts";
import { AttemptOutcome } from "../../gen/switchyard/v1/routing_pb.ts";
import type { AttemptCost, AttemptEntry, SkipEntry, TrailEntry } from "../attempt/trail.ts";
import { errorReasonOf } from "../routing/error-reason.ts";
import type { Failure } from "../routing/failure.ts";
import type { ExcludedCandidate } from "../routing/plan.ts";
import { clipText } from "./clip-text.ts";
import { toBreakerState, toErrorReason, toOutcome, toRouteReason, toSkipReason } from "./contract-enums.ts";
import { toDuration, toTimestamp } from "./wire-time.ts";

/** An `Attempt` before it is created. */
export type AttemptInit = Exclude<MessageInitShape<typeof AttemptSchema>, Message>;

type UpstreamErrorInit = Exclude<MessageInitShape<typeof UpstreamErrorSchema>, Message>;

/** Of an error's own sentence. */
const longestMessage = 200;

/** It is the upstream's: every one known is a third of this. */
const longestRequestId = 128;

/** One entry of a trail as callers see it. */
export function toAttempt(entry: TrailEntry): AttemptInit {
  return entry.kind === "skip" ? skipped(entry) : attempted(entry);
}

/** A candidate that the plan ruled out. */
export function toExcluded({ deployment, skip }: ExcludedCandidate): AttemptInit {
  return {
    deployment: deployment.id,
    outcome: AttemptOutcome.SKIPPED,
    skipReason: toSkipReason(skip),
  };
}

/** What an attempt or a call cost: the message itself, which nobody copies into another. */
export function toCost({ nanos, unpriced, estimated }: AttemptCost): Cost {
  return { $typeName: "switchyard.v1.Cost", nanosUsd: nanos, unpriced, estimated };
}

function skipped({ deployment, skip, breakerState }: SkipEntry): AttemptInit {
  return {
    deployment,
    outcome: AttemptOutcome.SKIPPED,
    skipReason: toSkipReason(skip),
    breakerState: toBreakerState(breakerState),
  };
}

function attempted(entry: AttemptEntry): AttemptInit {
  const { failure, firstTokenMs, usage, cost } = entry;
  return {
    number: entry.number,
    deployment: entry.deployment,
    reason: toRouteReason(entry.reason),
    outcome: toOutcome(entry.outcome),
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

function toUpstreamError(failure: Failure): UpstreamErrorInit {
  const { retryAfterMs } = failure;
  return {
    reason: toErrorReason(errorReasonOf(failure.kind)),
    httpStatus: failure.httpStatus ?? 0,
    upstreamCode: failure.upstreamCode ?? "",
    message: clipText(failure.message, longestMessage),
    upstreamRequestId: clipText(failure.upstreamRequestId ?? "", longestRequestId),
    ...(retryAfterMs === undefined ? {} : { retryAfter: toDuration(retryAfterMs) }),
  };
}
