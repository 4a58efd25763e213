import type { AttemptFacts, AttemptResult } from "./attempt-facts.ts";
import type { Histogram } from "./histogram.ts";
import { providerName } from "./provider-name.ts";
import type { RouteSpan } from "./route-span.ts";
import { usdOf } from "./usd.ts";

// Labels are configured words only: never the caller, a response's id or model, a trace's id.
const operation = "chat";

/** Counts an attempt that ended: failed ones count, and cost, as well. */
export function recordAttempt(
  route: RouteSpan,
  facts: AttemptFacts,
  result: AttemptResult,
  ended: { readonly durationMs: number; readonly errorType: string | undefined },
): void {
  const { instruments } = route.source;
  const { model } = facts;
  const provider = providerName(facts.provider);
  instruments.operationDuration.record(ended.durationMs / 1000, operation, provider, model, ended.errorType);
  instruments.attempts.add(1, model, provider, facts.reason, facts.keyId, ended.errorType);
  if (result.usage !== undefined) {
    instruments.tokenUsage.record(result.usage.inputTokens, operation, provider, model, "input");
    instruments.tokenUsage.record(result.usage.outputTokens, operation, provider, model, "output");
  }
  if (result.costNanos !== undefined) {
    const cost = usdOf(result.costNanos);
    instruments.cost.add(cost, route.facts.tier ?? "none", model, result.tokensSource ?? "upstream");
  }
}

/** Records how long the first content of a stream took. */
export function recordFirstToken(route: RouteSpan, facts: AttemptFacts, ms: number): void {
  recordWait(route.source.instruments.timeToFirstChunk, facts, ms);
}

/** Records how long a further piece of content took. */
export function recordNextToken(route: RouteSpan, facts: AttemptFacts, ms: number): void {
  recordWait(route.source.instruments.timePerOutputChunk, facts, ms);
}

function recordWait(histogram: Histogram, facts: AttemptFacts, ms: number): void {
  histogram.record(ms / 1000, operation, providerName(facts.provider), facts.model);
}
