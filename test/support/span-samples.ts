import type { AttemptFacts, AttemptResult } from "../../src/telemetry/attempt-facts.ts";
import type { RouteFacts, RouteSummary } from "../../src/telemetry/route-span.ts";
import type { ServerCall } from "../../src/telemetry/server-span.ts";
import type { Failure } from "../../src/routing/failure.ts";

/** A call of Chat over gRPC with these headers. */
export function sampleCall(
  headers: Readonly<Record<string, string>> = {},
  call: Partial<ServerCall> = {},
): ServerCall {
  return {
    method: "switchyard.v1.GatewayService/Chat",
    protocol: "grpc",
    authority: "gateway.internal:50051",
    header: (name) => headers[name],
    ...call,
  };
}

export function sampleRoute(facts: Partial<RouteFacts> = {}): RouteFacts {
  return {
    routeId: "stable_01",
    configRevision: "0123456789ab",
    requestModel: "openai/gpt-4.1",
    tier: "advanced",
    policy: "configured",
    arm: "stable",
    canaryName: undefined,
    weightBasisPoints: undefined,
    candidates: ["openai/gpt-4.1@holysheep", "deepseek/deepseek-chat-v3-2@holysheep"],
    deadlineRemainingMs: 30_000,
    stream: false,
    ...facts,
  };
}

export function sampleSummary(summary: Partial<RouteSummary> = {}): RouteSummary {
  return {
    outcome: "primary",
    reason: "primary",
    servedModel: "openai/gpt-4.1",
    attempts: 1,
    retries: 0,
    fallbackDepth: 0,
    costNanos: 1_500_000n,
    ...summary,
  };
}

export function sampleAttempt(facts: Partial<AttemptFacts> = {}): AttemptFacts {
  return {
    number: 1,
    reason: "primary",
    cause: undefined,
    model: "openai/gpt-4.1",
    provider: "openai",
    upstream: "holysheep",
    address: { host: "api.holysheep.ai", port: 443 },
    keyId: "primary",
    rotationIndex: 0,
    breakerName: "openai/gpt-4.1@holysheep",
    breakerState: "closed",
    timeoutMs: 20_000,
    backoffMs: 0,
    stream: false,
    generation: {},
    ...facts,
  };
}

export function sampleResult(result: Partial<AttemptResult> = {}): AttemptResult {
  return {
    outcome: "success",
    httpStatus: 200,
    usage: { inputTokens: 12, outputTokens: 34, cachedInputTokens: 5, reasoningTokens: 6 },
    tokensSource: "upstream",
    costNanos: 1_500_000n,
    responseId: "chatcmpl-1",
    responseModel: "gpt-4.1-2025",
    finishReasons: ["stop"],
    chunks: undefined,
    interrupted: false,
    ...result,
  };
}

export function sampleFailure(failure: Partial<Failure> = {}): Failure {
  return {
    kind: "rate-limited",
    message: "the upstream limits the rate of this key",
    httpStatus: 429,
    upstreamCode: undefined,
    upstreamRequestId: undefined,
    retryAfterMs: 2_000,
    ...failure,
  };
}

/** The result of an attempt that failed so before any content. */
export function failedResult(failure: Partial<Failure> = {}): AttemptResult {
  const whole = sampleFailure(failure);
  return sampleResult({
    outcome: "error",
    failure: whole,
    httpStatus: whole.httpStatus,
    usage: undefined,
    tokensSource: undefined,
    costNanos: undefined,
    responseId: undefined,
    responseModel: undefined,
    finishReasons: [],
  });
}
