import type { Counter, Histogram, Meter, ObservableGauge, UpDownCounter } from "@opentelemetry/api";
import { ATTR_ERROR_TYPE, METRIC_RPC_SERVER_CALL_DURATION } from "@opentelemetry/semantic-conventions";
import { genAi, genAiMetric, metricLabel, metricName, switchyard } from "./names.ts";
import { createTally, type Tally } from "./tally.ts";

// GenAI conventions, "Metric: gen_ai.client.operation.duration" and its neighbours: explicit bucket advice.
const operationSeconds = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
const tokens = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];
// 2.56 stands among the advised ones because the alert on first tokens cuts there.
const firstTokenSeconds = [
  0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 2.56, 5, 7.5, 10, 15, 20, 30, 45,
  60,
];
// RPC conventions advise up to 10 s; answers of language models take longer, so the tail goes on.
const callSeconds = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 30, 60, 120, 300, 600,
];

/** The metrics whose unit is the second; a scrape appends it to their names. */
export const secondsMetrics: readonly string[] = [
  METRIC_RPC_SERVER_CALL_DURATION,
  genAiMetric.operationDuration,
  genAiMetric.timeToFirstChunk,
  genAiMetric.timePerOutputChunk,
  metricName.routeBackoff,
  metricName.timeToFirstMessage,
];

/** Everything the gateway counts. */
export interface Instruments {
  readonly rpcServerCallDuration: Histogram;
  readonly operationDuration: Histogram;
  readonly tokenUsage: Histogram;
  readonly timeToFirstChunk: Histogram;
  readonly timePerOutputChunk: Histogram;
  /** By tier, outcome and arm. */
  readonly routeRequests: Tally;
  /** By model, provider, the attempt's reason, the key's id and, where it failed, the error's type. */
  readonly attempts: Tally;
  readonly candidatesSkipped: Counter;
  readonly routeBackoff: Histogram;
  readonly breakerState: ObservableGauge;
  readonly breakerTransitions: Counter;
  /** By tier, model and where the tokens come from. */
  readonly cost: Tally;
  readonly streamActive: UpDownCounter;
  readonly timeToFirstMessage: Histogram;
  readonly canaryDecisions: Counter;
  readonly ledgerRecords: Counter;
  readonly ledgerFailures: Counter;
  readonly ledgerWaiting: ObservableGauge;
}

/**
 * Creates every instrument on one meter. Call it with a meter of a provider that already runs: instruments
 * of a meter taken from the global API before the start record nothing for ever.
 */
export function createInstruments(meter: Meter): Instruments {
  const histogram = (name: string, unit: string, buckets: number[], description: string): Histogram =>
    meter.createHistogram(name, { unit, description, advice: { explicitBucketBoundaries: buckets } });
  return {
    rpcServerCallDuration: histogram(
      METRIC_RPC_SERVER_CALL_DURATION,
      "s",
      callSeconds,
      "Duration of calls served",
    ),
    operationDuration: histogram(
      genAiMetric.operationDuration,
      "s",
      operationSeconds,
      "Duration of attempts: one call can make several",
    ),
    tokenUsage: histogram(
      genAiMetric.tokenUsage,
      "{token}",
      tokens,
      "Tokens of attempts, failed ones included",
    ),
    timeToFirstChunk: histogram(
      genAiMetric.timeToFirstChunk,
      "s",
      firstTokenSeconds,
      "Time from the start of a streaming attempt to its first content",
    ),
    timePerOutputChunk: histogram(
      genAiMetric.timePerOutputChunk,
      "s",
      operationSeconds,
      "Time between two pieces of content of a streaming attempt",
    ),
    routeRequests: createTally(
      meter.createObservableCounter(metricName.routeRequests, {
        unit: "{request}",
        description: "Calls by how their route ended, each once however many attempts it took",
      }),
      [metricLabel.tier, metricLabel.outcome, metricLabel.arm],
    ),
    attempts: createTally(
      meter.createObservableCounter(metricName.attempts, {
        unit: "{attempt}",
        description: "Attempts, key rotations included",
      }),
      [
        genAi.requestModel,
        genAi.providerName,
        switchyard.attemptReason,
        switchyard.upstreamKeyId,
        ATTR_ERROR_TYPE,
      ],
    ),
    candidatesSkipped: meter.createCounter(metricName.candidatesSkipped, {
      unit: "{candidate}",
      description: "Candidates passed over without an attempt",
    }),
    routeBackoff: histogram(
      metricName.routeBackoff,
      "s",
      firstTokenSeconds,
      "Waits between two rounds of attempts",
    ),
    breakerState: meter.createObservableGauge(metricName.breakerState, {
      description: "1 for the state that a breaker is in, 0 for the others",
    }),
    breakerTransitions: meter.createCounter(metricName.breakerTransitions, {
      unit: "{transition}",
      description: "Changes of a breaker's state",
    }),
    cost: createTally(
      meter.createObservableCounter(metricName.cost, {
        // In braces: a bare unit would become part of the name that Prometheus shows.
        unit: "{USD}",
        description: "Cost of attempts, failed ones included; unpriced attempts add nothing",
      }),
      [metricLabel.tier, metricLabel.model, metricLabel.source],
    ),
    streamActive: meter.createUpDownCounter(metricName.streamActive, {
      unit: "{stream}",
      description: "Streams being answered",
    }),
    timeToFirstMessage: histogram(
      metricName.timeToFirstMessage,
      "s",
      firstTokenSeconds,
      "Time from the call's arrival to the first content sent to the caller, failed attempts included",
    ),
    canaryDecisions: meter.createCounter(metricName.canaryDecisions, {
      unit: "{decision}",
      description: "Changes of the canary's standing: rolled back, promoted, set by an operator",
    }),
    ledgerRecords: meter.createCounter(metricName.ledgerRecords, {
      unit: "{record}",
      description:
        "Records of attempts by what became of them: written, or dropped because the store was away",
    }),
    ledgerFailures: meter.createCounter(metricName.ledgerFailures, {
      unit: "{failure}",
      description: "Times that the ledger's store did not do what it was asked; it is asked again",
    }),
    ledgerWaiting: meter.createObservableGauge(metricName.ledgerWaiting, {
      unit: "{record}",
      description: "Records that wait to be written",
    }),
  };
}
