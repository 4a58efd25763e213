import { QuotaFailureSchema, RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { BudgetLeft } from "../admission/budget-book.ts";
import { decidedError } from "./decided-error.ts";
import { errorInfo } from "./error-info.ts";
import type { RouteDecision } from "../../gen/switchyard/v1/routing_pb.ts";
import type { RpcError } from "./rpc-error.ts";
import { toDuration } from "./wire-time.ts";

/**
 * CALLER_QUOTA_EXHAUSTED: what is left of the caller's budget holds no candidate. Says when it starts anew.
 * @param now milliseconds since the epoch
 */
export function budgetError(
  { limit, nanos, resetsAt }: BudgetLeft,
  decision: RouteDecision,
  now: number,
): RpcError {
  const resetTime = new Date(resetsAt).toISOString();
  const description = `${nanos} of ${limit.limitNanos} nano-USD are left for this ${limit.period}`;
  return decidedError(
    {
      code: "RESOURCE_EXHAUSTED",
      message: `the budget of ${limit.name} holds no further call: ${description}; it starts anew at ${resetTime}`,
      details: [
        errorInfo("CALLER_QUOTA_EXHAUSTED", { attempts: "0", period: limit.period, reset_time: resetTime }),
        { schema: QuotaFailureSchema, value: { violations: [{ subject: limit.name, description }] } },
        { schema: RetryInfoSchema, value: { retryDelay: toDuration(Math.max(0, resetsAt - now)) } },
      ],
    },
    decision,
  );
}
