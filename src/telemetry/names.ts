// Every attribute, event and metric name that is not in the stable entry of
// @opentelemetry/semantic-conventions, in one place: the GenAI conventions are still "Development" and
// move, our own names are read by other people's dashboards and must not.

/** GenAI span attributes. @see https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ */
export const genAi = {
  operationName: "gen_ai.operation.name",
  providerName: "gen_ai.provider.name",
  requestModel: "gen_ai.request.model",
  requestStream: "gen_ai.request.stream",
  requestMaxTokens: "gen_ai.request.max_tokens",
  requestTemperature: "gen_ai.request.temperature",
  requestTopP: "gen_ai.request.top_p",
  requestTopK: "gen_ai.request.top_k",
  requestSeed: "gen_ai.request.seed",
  requestStopSequences: "gen_ai.request.stop_sequences",
  requestFrequencyPenalty: "gen_ai.request.frequency_penalty",
  requestPresencePenalty: "gen_ai.request.presence_penalty",
  responseId: "gen_ai.response.id",
  responseModel: "gen_ai.response.model",
  responseFinishReasons: "gen_ai.response.finish_reasons",
  /** Seconds. */
  responseTimeToFirstChunk: "gen_ai.response.time_to_first_chunk",
  usageInputTokens: "gen_ai.usage.input_tokens",
  usageOutputTokens: "gen_ai.usage.output_tokens",
  usageCacheReadInputTokens: "gen_ai.usage.cache_read.input_tokens",
  usageReasoningOutputTokens: "gen_ai.usage.reasoning.output_tokens",
  tokenType: "gen_ai.token.type",
} as const;

/**
 * GenAI metrics: the names that existing dashboards use. The newer `gen_ai.client.inference.*` set is
 * still moving; a switch to it is made here and nowhere else.
 * @see https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/
 */
export const genAiMetric = {
  operationDuration: "gen_ai.client.operation.duration",
  tokenUsage: "gen_ai.client.token.usage",
  timeToFirstChunk: "gen_ai.client.operation.time_to_first_chunk",
  timePerOutputChunk: "gen_ai.client.operation.time_per_output_chunk",
} as const;

/** Our own attributes. Durations are in seconds, money is in USD. */
export const switchyard = {
  // SERVER
  callerId: "switchyard.caller.id",
  routeId: "switchyard.route.id",
  configRevision: "switchyard.config.revision",
  requestModel: "switchyard.request.model",
  timeToFirstMessage: "switchyard.time_to_first_message",
  keep: "switchyard.keep",
  // SERVER and route
  routeOutcome: "switchyard.route.outcome",
  routeServedModel: "switchyard.route.served_model",
  // route
  routeTier: "switchyard.route.tier",
  routePolicy: "switchyard.route.policy",
  routePolicyVersion: "switchyard.route.policy.version",
  routeCandidates: "switchyard.route.candidates",
  routeSkipped: "switchyard.route.skipped",
  routeReason: "switchyard.route.reason",
  routeAttempts: "switchyard.route.attempts",
  routeRetries: "switchyard.route.retries",
  routeFallbackDepth: "switchyard.route.fallback.depth",
  routeBackoffTotal: "switchyard.route.backoff_total",
  routeDeadlineRemaining: "switchyard.route.deadline_remaining",
  canaryArm: "switchyard.canary.arm",
  canaryWeight: "switchyard.canary.weight",
  canaryName: "switchyard.canary.name",
  // a change of the canary's standing: on the span of the call that brought it about, or on one of its own
  canaryDecision: "switchyard.canary.decision",
  canaryRule: "switchyard.canary.rule",
  canaryReason: "switchyard.canary.reason",
  canaryWeightAfter: "switchyard.canary.weight_after",
  // attempt
  attemptNumber: "switchyard.attempt.number",
  attemptReason: "switchyard.attempt.reason",
  attemptCause: "switchyard.attempt.cause",
  attemptBackoff: "switchyard.attempt.backoff",
  attemptTimeout: "switchyard.attempt.timeout",
  attemptOutcome: "switchyard.attempt.outcome",
  breakerName: "switchyard.breaker.name",
  breakerState: "switchyard.breaker.state",
  upstreamName: "switchyard.upstream.name",
  upstreamKeyId: "switchyard.upstream.key.id",
  upstreamKeyRotationIndex: "switchyard.upstream.key.rotation_index",
  retryAfter: "switchyard.retry_after",
  costAmount: "switchyard.cost.amount",
  costCurrency: "switchyard.cost.currency",
  costSource: "switchyard.cost.source",
  priceVersion: "switchyard.price.version",
  streamChunks: "switchyard.stream.chunks",
  streamInterrupted: "switchyard.stream.interrupted",
  tokensSource: "switchyard.tokens.source",
  linkType: "switchyard.link.type",
} as const;

/** Span events and the log lines that repeat them (`event.name`). */
export const eventName = {
  candidateSkipped: "switchyard.candidate.skipped",
  backoff: "switchyard.backoff",
  breakerTransition: "switchyard.breaker.transition",
  keyRotated: "switchyard.key.rotated",
  canaryDecision: "switchyard.canary.decision",
} as const;

/** Attributes of those events. */
export const eventAttribute = {
  candidate: "switchyard.candidate",
  reason: "reason",
  backoffDuration: "switchyard.backoff.duration",
  breakerFrom: "switchyard.breaker.from",
  breakerTo: "switchyard.breaker.to",
  keyFrom: "switchyard.upstream.key.from",
  keyTo: "switchyard.upstream.key.to",
} as const;

/** Our own metrics. Those of tokens and cost count attempts, those of requests count calls. */
export const metricName = {
  routeRequests: "switchyard.route.requests",
  attempts: "switchyard.attempts",
  candidatesSkipped: "switchyard.candidates.skipped",
  routeBackoff: "switchyard.route.backoff",
  breakerState: "switchyard.breaker.state",
  breakerTransitions: "switchyard.breaker.transitions",
  cost: "switchyard.cost",
  streamActive: "switchyard.stream.active",
  timeToFirstMessage: "switchyard.server.time_to_first_message",
  canaryDecisions: "switchyard.canary.decisions",
  ledgerRecords: "switchyard.ledger.records",
  ledgerFailures: "switchyard.ledger.failures",
  ledgerWaiting: "switchyard.ledger.waiting",
} as const;

/** Labels of our own metrics where they are not attribute names. */
export const metricLabel = {
  tier: "tier",
  outcome: "outcome",
  arm: "canary.arm",
  reason: "reason",
  model: "model",
  source: "source",
  breaker: "breaker",
  state: "state",
  from: "from",
  to: "to",
  decision: "decision",
  rule: "rule",
} as const;

/** Name of the instrumentation scope of every span and metric. */
export const scopeName = "switchyard";
