import { UsageSource } from "../../gen/switchyard/v1/content_pb.ts";
import type { PlannedCall } from "../attempt/planned-call.ts";
import type { RouteEnd } from "../attempt/route-summary.ts";
import type { AttemptEntry } from "../attempt/trail.ts";
import type { AttemptRecord } from "../ledger/ledger.ts";
import { decisionTime } from "./decision-id.ts";

// Each record is written out: an object that begins as a copy of another grows with every field that follows.

/** An attempt as the ledger keeps it. @param time milliseconds since the epoch at its end */
export function attemptRecord(entry: AttemptEntry, call: PlannedCall, time: number): AttemptRecord {
  const { usage, cost } = entry;
  const { route, account, plan } = call;
  const { routeId, tier, arm } = route.facts;
  return {
    calledAt: decisionTime(routeId) ?? entry.startedAt,
    decisionId: routeId,
    traceId: route.traceId,
    caller: account.caller,
    labels: account.labels,
    tier,
    arm,
    compared: plan.compared,
    time,
    number: entry.number,
    model: entry.model,
    deployment: entry.deployment,
    rescue: entry.deployment !== plan.candidates[0]?.deployment.id,
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
    startedAt: entry.startedAt,
    latencyMs: entry.latencyMs,
    firstTokenMs: entry.firstTokenMs,
  };
}

/**
 * What a call leaves that ended without any attempt, so that an outage in which nobody can be called shows in the
 * report. Undefined where there was one.
 * @param time milliseconds since the epoch at its end
 */
export function unattemptedRecord(call: PlannedCall, end: RouteEnd, time: number): AttemptRecord | undefined {
  if (end.kind === "served" || call.trail.lastAttempt() !== undefined) return undefined;
  const { kind } = end.failure;
  const { route, account, plan } = call;
  const { routeId, tier, arm } = route.facts;
  const calledAt = decisionTime(routeId) ?? time;
  return {
    calledAt,
    decisionId: routeId,
    traceId: route.traceId,
    caller: account.caller,
    labels: account.labels,
    tier,
    arm,
    compared: plan.compared,
    time,
    number: 0,
    model: plan.candidates[0]?.model.id ?? "",
    deployment: "",
    rescue: false,
    keyId: "",
    outcome: kind === "cancelled" ? "cancelled" : "skipped",
    failure: kind,
    tokens: { input: 0, cachedInput: 0, output: 0, reasoning: 0, estimated: false },
    costNanos: undefined,
    startedAt: calledAt,
    latencyMs: Math.max(0, time - calledAt),
    firstTokenMs: undefined,
  };
}
