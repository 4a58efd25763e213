import type { Counter, Meter, ObservableGauge, UpDownCounter } from "@opentelemetry/api";
import {
  ATTR_ERROR_TYPE,
  ATTR_RPC_METHOD,
  ATTR_RPC_STATUS_CODE,
  ATTR_RPC_SYSTEM_NAME,
  METRIC_RPC_SERVER_CALL_DURATION,
} from "@opentelemetry/semantic-conventions";
import type { Histogram } from "./histogram.ts";
import type { CreateHistogram } from "./histogram-producer.ts";
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

const modelLabels = [genAi.operationName, genAi.providerName, genAi.requestModel];

/** Everything the gateway counts. */
export interface Instruments {
  /** By RPC system, method, status and, where the fault is the server's, the error's type. */
  readonly rpcServerCallDuration: Histogram;
  /** By operation, provider, model and, where it failed, the error's type. */
  readonly operationDuration: Histogram;
  /** By operation, provider, model and whether they go in or come out. */
  readonly tokenUsage: Histogram;
  /** By operation, provider and model. */
  readonly timeToFirstChunk: Histogram;
  /** By operation, provider and model. */
  readonly timePerOutputChunk: Histogram;
  /** By tier, outcome and arm. */
  readonly routeRequests: Tally;
  /** By model, provider, the attempt's reason, the key's id and, where it failed, the error's type. */
  readonly attempts: Tally;
  readonly candidatesSkipped: Counter;
  /** By tier. */
  readonly routeBackoff: Histogram;
  readonly breakerState: ObservableGauge;
  readonly breakerTransitions: Counter;
  /** By tier, model and where the tokens come from. */
  readonly cost: Tally;
  readonly streamActive: UpDownCounter;
  /** By tier. */
  readonly timeToFirstMessage: Histogram;
  readonly canaryDecisions: Counter;
  readonly ledgerRecords: Counter;
  readonly ledgerFailures: Counter;
  readonly ledgerWaiting: ObservableGauge;
}

/**
 * Creates every instrument, once. Call it with a meter of a provider that already runs: instruments
 * of a meter taken from the global API before the start record nothing for ever.
 * @param createHistogram of a producer with the same reader
 */
export function createInstruments(meter: Meter, createHistogram: CreateHistogram): Instruments {
  return {
    rpcServerCallDuration: createHistogram({
      name: METRIC_RPC_SERVER_CALL_DURATION,
      unit: "s",
      description: "Duration of calls served",
      bounds: callSeconds,
      labels: [ATTR_RPC_SYSTEM_NAME, ATTR_RPC_METHOD, ATTR_RPC_STATUS_CODE, ATTR_ERROR_TYPE],
    }),
    operationDuration: createHistogram({
      name: genAiMetric.operationDuration,
      unit: "s",
      description: "Duration of attempts: one call can make several",
      bounds: operationSeconds,
      labels: [...modelLabels, ATTR_ERROR_TYPE],
    }),
    tokenUsage: createHistogram({
      name: genAiMetric.tokenUsage,
      unit: "{token}",
      description: "Tokens of attempts, failed ones included",
      bounds: tokens,
      labels: [...modelLabels, genAi.tokenType],
    }),
    timeToFirstChunk: createHistogram({
      name: genAiMetric.timeToFirstChunk,
      unit: "s",
      description: "Time from the start of a streaming attempt to its first content",
      bounds: firstTokenSeconds,
      labels: modelLabels,
    }),
    timePerOutputChunk: createHistogram({
      name: genAiMetric.timePerOutputChunk,
      unit: "s",
      description: "Time between two pieces of content of a streaming attempt",
      bounds: operationSeconds,
      labels: modelLabels,
    }),
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
    routeBackoff: createHistogram({
      name: metricName.routeBackoff,
      unit: "s",
      description: "Waits between two rounds of attempts",
      bounds: firstTokenSeconds,
      labels: [metricLabel.tier],
    }),
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
    timeToFirstMessage: createHistogram({
      name: metricName.timeToFirstMessage,
      unit: "s",
      description:
        "Time from the call's arrival to the first content sent to the caller, failed attempts included",
      bounds: firstTokenSeconds,
      labels: [metricLabel.tier],
    }),
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
