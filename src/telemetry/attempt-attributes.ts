import type { Attributes } from "@opentelemetry/api";
import {
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from "@opentelemetry/semantic-conventions";
import type { AttemptFacts, AttemptResult } from "./attempt-facts.ts";
import { boundedText } from "./bounded-text.ts";
import { genAi, switchyard } from "./names.ts";
import { providerName } from "./provider-name.ts";
import { usdOf } from "./usd.ts";
import { wireWord } from "./wire-word.ts";

/** What an attempt's span says from its start, so that samplers and crashes leave it. */
export function attemptAttributes(facts: AttemptFacts): Attributes {
  const { generation } = facts;
  return {
    [genAi.operationName]: "chat",
    [genAi.providerName]: providerName(facts.provider),
    [genAi.requestModel]: facts.model,
    [genAi.requestStream]: facts.stream ? true : undefined,
    [genAi.requestMaxTokens]: generation.maxTokens,
    [genAi.requestTemperature]: generation.temperature,
    [genAi.requestTopP]: generation.topP,
    [genAi.requestTopK]: generation.topK,
    [genAi.requestSeed]: generation.seed,
    [genAi.requestStopSequences]: boundedList(generation.stopSequences),
    [genAi.requestFrequencyPenalty]: generation.frequencyPenalty,
    [genAi.requestPresencePenalty]: generation.presencePenalty,
    [ATTR_SERVER_ADDRESS]: facts.address.host,
    [ATTR_SERVER_PORT]: facts.address.port,
    [switchyard.attemptNumber]: facts.number,
    [switchyard.attemptReason]: facts.reason,
    [switchyard.attemptCause]: facts.cause,
    [switchyard.attemptBackoff]: seconds(facts.backoffMs),
    [switchyard.attemptTimeout]: seconds(facts.timeoutMs),
    [switchyard.breakerName]: facts.breakerName,
    [switchyard.breakerState]: wireWord(facts.breakerState),
    [switchyard.upstreamName]: facts.upstream,
    [switchyard.upstreamKeyId]: facts.keyId,
    [switchyard.upstreamKeyRotationIndex]: facts.rotationIndex,
  };
}

/** What an attempt's span says at its end, besides error type and status. */
export function resultAttributes(result: AttemptResult, stream: boolean): Attributes {
  const { usage, failure } = result;
  return {
    [switchyard.attemptOutcome]: result.outcome,
    [ATTR_HTTP_RESPONSE_STATUS_CODE]: result.httpStatus,
    [switchyard.retryAfter]: seconds(failure?.retryAfterMs),
    [genAi.responseId]: boundedText(result.responseId),
    [genAi.responseModel]: boundedText(result.responseModel),
    [genAi.responseFinishReasons]: boundedList(finishReasons(result)),
    [genAi.usageInputTokens]: usage?.inputTokens,
    [genAi.usageOutputTokens]: usage?.outputTokens,
    [genAi.usageCacheReadInputTokens]: usage?.cachedInputTokens,
    [genAi.usageReasoningOutputTokens]: usage?.reasoningTokens,
    [switchyard.tokensSource]: usage === undefined ? undefined : result.tokensSource,
    [switchyard.costAmount]: result.costNanos === undefined ? undefined : usdOf(result.costNanos),
    [switchyard.costCurrency]: result.costNanos === undefined ? undefined : "USD",
    [switchyard.costSource]: result.costNanos === undefined ? undefined : result.tokensSource,
    [switchyard.priceVersion]: result.priceVersion,
    [switchyard.streamChunks]: stream ? result.chunks : undefined,
    [switchyard.streamInterrupted]: stream ? result.interrupted : undefined,
  };
}

// A stream that broke gives the reason that the choices left open could not.
function finishReasons(result: AttemptResult): readonly string[] {
  return result.interrupted ? [...result.finishReasons, "error"] : result.finishReasons;
}

const longestList = 16;

function boundedList(texts: readonly string[] | undefined): string[] | undefined {
  if (texts === undefined || texts.length === 0) return undefined;
  return texts.slice(0, longestList).map((text) => boundedText(text) ?? "");
}

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}
