import { UsageSource } from "../../gen/switchyard/v1/content_pb.ts";
import type { PlannedCall } from "../attempt/planned-call.ts";
import type { AttemptEntry } from "../attempt/trail.ts";
import type { AttemptRecord } from "../ledger/ledger.ts";

/** An attempt as the ledger keeps it. @param time milliseconds since the epoch at its end */
export function attemptRecord(entry: AttemptEntry, call: PlannedCall, time: number): AttemptRecord {
  const { route, account } = call;
  const { usage, cost } = entry;
  return {
    time,
    decisionId: route.facts.routeId,
    traceId: route.traceId,
    caller: account.caller,
    labels: account.labels,
    tier: route.facts.tier,
    model: entry.model,
    deployment: entry.deployment,
    arm: route.facts.arm,
    keyId: entry.keyId,
    // A timeout is a failure of the kind `timeout`.
    outcome: entry.outcome === "timed-out" ? "failed" : entry.outcome,
    failure: entry.failure?.kind,
    tokens: {
      input: usage?.inputTokens ?? 0,
      cachedInput: usage?.cachedInputTokens ?? 0,
      output: usage?.outputTokens ?? 0,
      reasoning: usage?.reasoningOutputTokens ?? 0,
      estimated: usage?.source === UsageSource.ESTIMATED,
    },
    costNanos: cost === undefined || cost.unpriced ? undefined : cost.nanos,
    latencyMs: entry.latencyMs,
    firstTokenMs: entry.firstTokenMs,
  };
}
