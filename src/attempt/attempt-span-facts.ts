import { UsageSource } from "../../gen/switchyard/v1/content_pb.ts";
import type { AttemptFacts, AttemptResult } from "../telemetry/attempt-facts.ts";
import type { UpstreamResponseInfo } from "../upstream/upstream.ts";
import { generationFacts } from "./generation-facts.ts";
import type { AnswerFacts, AttemptStart } from "./attempt-start.ts";
import type { PlannedCall } from "./planned-call.ts";
import type { RunnerOptions } from "./runner-options.ts";
import type { AttemptEntry } from "./trail.ts";

/** What the span of an attempt says from its start. */
export function attemptFacts(options: RunnerOptions, call: PlannedCall, start: AttemptStart): AttemptFacts {
  const { granted, rotation } = start;
  const { deployment, model } = granted.candidate;
  return {
    number: start.number,
    reason: spanReason(start),
    cause: granted.cause,
    model: model.id,
    provider: model.provider,
    upstream: deployment.upstream,
    address: options.fleet.upstream(deployment.upstream).address,
    keyId: start.lease.key.id,
    rotationIndex: rotation,
    breakerName: deployment.id,
    breakerState: granted.breakerState,
    timeoutMs: start.timeoutMs,
    backoffMs: rotation > 0 ? 0 : granted.backoffMs,
    stream: start.stream,
    generation: generationFacts(call.input),
    hedgeOf: start.hedgeOf,
  };
}

function spanReason({ granted, rotation, hedgeOf }: AttemptStart): AttemptFacts["reason"] {
  if (hedgeOf !== undefined) return "hedge";
  if (rotation > 0) return "retry";
  if (granted.grant.probe) return "probe";
  switch (granted.reason) {
    case "primary":
    case "canary":
    case "pinned":
      return "primary";
    case "retry":
    case "fallback":
    case "hedge":
      return granted.reason;
    case "restart":
      return "fallback";
  }
}

/** What the span of an attempt says at its end. @param contentSeen some content of a stream had come */
export function attemptResult(
  entry: AttemptEntry,
  answer: AnswerFacts | undefined,
  info: UpstreamResponseInfo | undefined,
  priceVersion: string,
  contentSeen: boolean,
): AttemptResult {
  const { usage, cost, failure } = entry;
  return {
    outcome: spanOutcome(entry.outcome),
    failure,
    httpStatus: failure?.httpStatus ?? info?.httpStatus,
    usage: usage && {
      inputTokens: usage.inputTokens,
      outputTokens: usage.outputTokens,
      cachedInputTokens: usage.cachedInputTokens,
      reasoningTokens: usage.reasoningOutputTokens,
    },
    tokensSource: usage && (usage.source === UsageSource.ESTIMATED ? "estimated" : "upstream"),
    costNanos: cost === undefined || cost.unpriced ? undefined : cost.nanos,
    priceVersion: cost === undefined ? undefined : priceVersion,
    responseId: answer?.id,
    responseModel: answer?.modelVersion,
    finishReasons: answer?.finishReasons ?? [],
    chunks: answer?.chunks,
    interrupted: failure !== undefined && contentSeen,
  };
}

function spanOutcome(outcome: AttemptEntry["outcome"]): AttemptResult["outcome"] {
  switch (outcome) {
    case "succeeded":
      return "success";
    case "failed":
    case "timed-out":
      return "error";
    case "cancelled":
      return "client_cancelled";
    case "hedge-lost":
      return "hedge_lost";
  }
}
