import { durationMs } from "@bufbuild/protobuf/wkt";
import type { Usage } from "../../gen/switchyard/v1/content_pb.ts";
import { FinishReason, FinishReasonSchema, UsageSource } from "../../gen/switchyard/v1/content_pb.ts";
import type { Cost, RouteDecision } from "../../gen/switchyard/v1/routing_pb.ts";
import { CanaryArm, RouteReasonSchema, Tier, TierSchema } from "../../gen/switchyard/v1/routing_pb.ts";
import { formatMs } from "./duration.ts";
import { formatCost } from "./money.ts";
import { formatTable } from "./table.ts";
import { formatAttemptCount, formatTrail } from "./trail.ts";
import { enumName, enumWords } from "./words.ts";

/** What stands below an answer. */
export interface ChatSummary {
  readonly route: RouteDecision | undefined;
  readonly usage: Usage | undefined;
  /** The serving attempt's; the route has the total. */
  readonly cost: Cost | undefined;
  readonly finishReasons: readonly FinishReason[];
  readonly simulated: boolean;
}

/** Model, deployment, tokens, cost, attempts with their reasons, and the trace id, a line each. */
export function formatChatSummary(summary: ChatSummary): string {
  const { route, usage, simulated } = summary;
  const early = summary.finishReasons.filter(
    (reason) => reason !== FinishReason.STOP && reason !== FinishReason.UNSPECIFIED,
  );
  const rows = [
    ...(simulated
      ? [["simulated", "yes: this text comes from the built-in simulator, not from a model"]]
      : []),
    ["model", route?.model ?? "unknown"],
    ["deployment", route?.deployment ?? "unknown"],
    ...(route === undefined || route.tier === Tier.UNSPECIFIED
      ? []
      : [["tier", enumWords(TierSchema, route.tier)]]),
    ["reason", route === undefined ? "unknown" : enumName(RouteReasonSchema, route.reason)],
    ...(route?.arm === CanaryArm.CANARY ? [["arm", "canary"]] : []),
    ...(early.length === 0
      ? []
      : [["finished", early.map((reason) => enumWords(FinishReasonSchema, reason)).join(", ")]]),
    ["tokens", formatUsage(usage)],
    ["cost", formatCallCost(summary.cost, route?.totalCost)],
    ...(route?.totalLatency === undefined ? [] : [["latency", formatMs(durationMs(route.totalLatency))]]),
    ["attempts", route === undefined ? "unknown" : formatAttemptCount(route)],
  ];
  const trace = route?.traceId ? formatTable([["trace     ", route.traceId]]) : undefined;
  return [
    formatTable(rows.map(([name = "", value = ""]) => [name.padEnd(10), value])),
    ...(route === undefined || route.attempts.length === 0 ? [] : [formatTrail(route, "  ")]),
    ...(trace === undefined ? [] : [trace]),
  ].join("\n");
}

function formatUsage(usage: Usage | undefined): string {
  if (usage === undefined) return "unknown";
  const parts = [
    ...(usage.cachedInputTokens > 0 ? [`${usage.cachedInputTokens} in cached`] : []),
    ...(usage.reasoningOutputTokens > 0 ? [`${usage.reasoningOutputTokens} out for reasoning`] : []),
    ...(usage.source === UsageSource.ESTIMATED ? ["estimated"] : []),
  ];
  const total = `${usage.inputTokens} in, ${usage.outputTokens} out`;
  return parts.length === 0 ? total : `${total} (${parts.join(", ")})`;
}

/** The total where other attempts cost something too. */
function formatCallCost(cost: Cost | undefined, total: Cost | undefined): string {
  if (cost === undefined || total === undefined || total.nanosUsd === cost.nanosUsd) {
    return formatCost(cost ?? total);
  }
  return `${formatCost(cost)}; ${formatCost(total)} with the other attempts`;
}
