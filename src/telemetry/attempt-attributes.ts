import {
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
} from "@opentelemetry/semantic-conventions";
import type { AttemptFacts, AttemptResult } from "./attempt-facts.ts";
import { boundedText } from "./bounded-text.ts";
import { genAi, switchyard } from "./names.ts";
import { providerName } from "./provider-name.ts";
import type { Recording } from "./recording.ts";
import { usdOf } from "./usd.ts";
import { wireWord } from "./wire-word.ts";

/** Says of an attempt's span what is known from its start, so that samplers and crashes leave it. */
export function sayAttempt(span: Recording, facts: AttemptFacts): void {
  const { generation } = facts;
  span.say(genAi.operationName, "chat");
  span.say(genAi.providerName, providerName(facts.provider));
  span.say(genAi.requestModel, facts.model);
  span.say(genAi.requestStream, facts.stream ? true : undefined);
  span.say(genAi.requestMaxTokens, generation.maxTokens);
  span.say(genAi.requestTemperature, generation.temperature);
  span.say(genAi.requestTopP, generation.topP);
  span.say(genAi.requestTopK, generation.topK);
  span.say(genAi.requestSeed, generation.seed);
  span.say(genAi.requestStopSequences, boundedList(generation.stopSequences));
  span.say(genAi.requestFrequencyPenalty, generation.frequencyPenalty);
  span.say(genAi.requestPresencePenalty, generation.presencePenalty);
  span.say(ATTR_SERVER_ADDRESS, facts.address.host);
  span.say(ATTR_SERVER_PORT, facts.address.port);
  span.say(switchyard.attemptNumber, facts.number);
  span.say(switchyard.attemptReason, facts.reason);
  span.say(switchyard.attemptCause, facts.cause);
  span.say(switchyard.attemptBackoff, seconds(facts.backoffMs));
  span.say(switchyard.attemptTimeout, seconds(facts.timeoutMs));
  span.say(switchyard.breakerName, facts.breakerName);
  span.say(switchyard.breakerState, wireWord(facts.breakerState));
  span.say(switchyard.upstreamName, facts.upstream);
  span.say(switchyard.upstreamKeyId, facts.keyId);
  span.say(switchyard.upstreamKeyRotationIndex, facts.rotationIndex);
}

/** Says of an attempt's span what is known at its end, besides error type and status. */
export function sayResult(span: Recording, result: AttemptResult, stream: boolean): void {
  const { usage, failure } = result;
  span.say(switchyard.attemptOutcome, result.outcome);
  span.say(ATTR_HTTP_RESPONSE_STATUS_CODE, result.httpStatus);
  span.say(switchyard.retryAfter, seconds(failure?.retryAfterMs));
  span.say(genAi.responseId, boundedText(result.responseId));
  span.say(genAi.responseModel, boundedText(result.responseModel));
  span.say(genAi.responseFinishReasons, boundedList(finishReasons(result)));
  span.say(genAi.usageInputTokens, usage?.inputTokens);
  span.say(genAi.usageOutputTokens, usage?.outputTokens);
  span.say(genAi.usageCacheReadInputTokens, usage?.cachedInputTokens);
  span.say(genAi.usageReasoningOutputTokens, usage?.reasoningTokens);
  span.say(switchyard.tokensSource, usage === undefined ? undefined : result.tokensSource);
  span.say(switchyard.costAmount, result.costNanos === undefined ? undefined : usdOf(result.costNanos));
  span.say(switchyard.costCurrency, result.costNanos === undefined ? undefined : "USD");
  span.say(switchyard.costSource, result.costNanos === undefined ? undefined : result.tokensSource);
  span.say(switchyard.priceVersion, result.priceVersion);
  span.say(switchyard.streamChunks, stream ? result.chunks : undefined);
  span.say(switchyard.streamInterrupted, stream ? result.interrupted : undefined);
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
