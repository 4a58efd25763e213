import { ATTR_ERROR_TYPE } from "@opentelemetry/semantic-conventions";
import type { AttemptFacts, AttemptResult } from "./attempt-facts.ts";
import { genAi } from "./names.ts";
import { providerName } from "./provider-name.ts";
import type { RouteSpan } from "./route-span.ts";
import { usdOf } from "./usd.ts";

// Labels are configured words only: never the caller, a response's id or model, a trace's id.
function modelLabels(facts: AttemptFacts) {
  return {
    [genAi.operationName]: "chat",
    [genAi.providerName]: providerName(facts.provider),
    [genAi.requestModel]: facts.model,
  };
}

/** Counts an attempt that ended: failed ones count, and cost, as well. */
export function recordAttempt(
  route: RouteSpan,
  facts: AttemptFacts,
  result: AttemptResult,
  ended: { readonly durationMs: number; readonly errorType: string | undefined },
): void {
  const { instruments } = route.source;
  const labels = modelLabels(facts);
  const error = ended.errorType === undefined ? {} : { [ATTR_ERROR_TYPE]: ended.errorType };
  instruments.operationDuration.record(ended.durationMs / 1000, { ...labels, ...error });
  const provider = labels[genAi.providerName];
  instruments.attempts.add(1, facts.model, provider, facts.reason, facts.keyId, ended.errorType);
  if (result.usage !== undefined) {
    instruments.tokenUsage.record(result.usage.inputTokens, { ...labels, [genAi.tokenType]: "input" });
    instruments.tokenUsage.record(result.usage.outputTokens, { ...labels, [genAi.tokenType]: "output" });
  }
  if (result.costNanos !== undefined) {
    const cost = usdOf(result.costNanos);
    instruments.cost.add(cost, route.facts.tier ?? "none", facts.model, result.tokensSource ?? "upstream");
  }
}

/** Records how long the first content of a stream took. */
export function recordFirstToken(route: RouteSpan, facts: AttemptFacts, ms: number): void {
  route.source.instruments.timeToFirstChunk.record(ms / 1000, modelLabels(facts));
}

/** Records how long a further piece of content took. */
export function recordNextToken(route: RouteSpan, facts: AttemptFacts, ms: number): void {
  route.source.instruments.timePerOutputChunk.record(ms / 1000, modelLabels(facts));
}
