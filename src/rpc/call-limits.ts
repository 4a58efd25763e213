import type { RoutingOptions } from "../../gen/switchyard/v1/routing_pb.ts";
import type { CallLimits } from "../attempt/planned-call.ts";
import type { Config } from "../config/config.ts";
import { firstTokenMsOf } from "../config/first-token-limit.ts";
import type { Model } from "../routing/catalog.ts";
import type { Plan } from "../routing/plan.ts";
import type { CallContext } from "./call-context.ts";
import { toMs } from "./wire-time.ts";

/** Models of the advanced tier think longer between two pieces of content. */
const advancedTokenIdleFactor = 2;

/**
 * The limits of a call: the configured ones, narrowed by the caller's own numbers. The smaller holds.
 * @param now an instant of the monotonic clock: the start of the call
 */
export function callLimits(
  plan: Plan,
  routing: RoutingOptions | undefined,
  context: Pick<CallContext, "deadline" | "deadlineFromCaller">,
  config: Pick<Config, "timeouts" | "retry">,
  now: number,
): CallLimits {
  const { timeouts, retry } = config;
  const firstTokenMs = toMs(routing?.firstTokenTimeout);
  const configuredFirstTokenMs = (model: Model): number =>
    plan.tier === undefined ? firstTokenMsOf(timeouts.firstTokenMs, model) : timeouts.firstTokenMs[plan.tier];
  const configuredTokenIdleMs = timeouts.tokenIdleMs * (isAdvanced(plan) ? advancedTokenIdleFactor : 1);
  return {
    deadline: context.deadline,
    deadlineFromCaller: context.deadlineFromCaller,
    allowanceMs: Math.max(0, context.deadline - now),
    maxAttempts: Math.min(retry.attempts, routing?.fallback?.maxAttempts ?? Infinity),
    attemptMs: toMs(routing?.attemptTimeout),
    firstTokenMs:
      firstTokenMs === undefined
        ? configuredFirstTokenMs
        : (model) => Math.min(firstTokenMs, configuredFirstTokenMs(model)),
    configuredFirstTokenMs,
    idleMs: timeouts.idleMs,
    tokenIdleMs: Math.min(toMs(routing?.idleTimeout) ?? Infinity, configuredTokenIdleMs),
    configuredTokenIdleMs,
  };
}

/** By the tier that matched; a named model's by the tiers that list it. */
function isAdvanced({ tier, candidates }: Plan): boolean {
  return tier === undefined ? candidates[0]?.model.tiers.includes("advanced") === true : tier === "advanced";
}
