import type { RouteDetail } from "../../gen/switchyard/v1/routing_pb.ts";
import type { BudgetReservation } from "../admission/budget-book.ts";
import type { Served, Serving } from "../attempt/call-outcome.ts";
import type { PlannedCall } from "../attempt/planned-call.ts";
import type { CallFailure } from "../routing/call-failure.ts";
import type { Catalog } from "../routing/catalog.ts";
import { spentNanos } from "./call-budget.ts";
import { callFailureError } from "./call-failure-error.ts";
import type { DecisionFeed } from "./decision-feed.ts";
import { type DecisionFacts, type DecisionInit, inAnswer, inError, routeDecision } from "./route-decision.ts";
import type { RpcError } from "./rpc-error.ts";
import type { Clock } from "./wire-time.ts";

/** A planned call on its way, and the decision that grows with it. */
export interface LiveCall extends Disposable {
  readonly planned: PlannedCall;
  /** The decision so far, as the caller wants it. */
  readonly soFar: (serving: Serving) => DecisionInit | undefined;
  /** The call ends with an answer. */
  readonly answered: (served: Served) => DecisionInit | undefined;
  /** The call ends with this error. */
  readonly failed: (failure: CallFailure) => RpcError;
  /** Nobody reads any more: unless it has ended, the caller went away. */
  readonly left: () => void;
}

export interface LiveCallOptions {
  readonly catalog: Catalog;
  readonly decisions: Pick<DecisionFeed, "publish">;
  readonly clock: Clock;
  readonly facts: DecisionFacts;
  readonly detail: RouteDetail | undefined;
  /** What was set aside for it, where its caller has a budget; disposing the call settles it. */
  readonly reservation: BudgetReservation | undefined;
  /** Instant of the monotonic clock. */
  readonly startedAt: number;
}

/** @see test/rpc/gateway-service.test.ts */
export function createLiveCall(planned: PlannedCall, options: LiveCallOptions): LiveCall {
  const { catalog, decisions, clock, facts, detail, startedAt } = options;
  const { trail } = planned;
  let ended = false;

  const decisionNow = (serving: Serving | undefined): DecisionInit =>
    routeDecision(facts, trail, serving, clock.now() - startedAt);

  const end = (decision: DecisionInit, status: "OK" | RpcError["code"]): void => {
    ended = true;
    decisions.publish({ decision, endedAt: clock.wallClock(), status });
  };

  return {
    planned,
    soFar: (serving) => inAnswer(decisionNow(serving), detail),
    answered: ({ attempt, reason }) => {
      const decision = decisionNow({ ...attempt, reason });
      end(decision, "OK");
      return inAnswer(decision, detail);
    },
    failed: (failure) => {
      const decision = decisionNow(undefined);
      const model = trail.lastAttempt()?.model ?? (facts.model || planned.plan.candidates[0]?.model.id) ?? "";
      const error = callFailureError(failure, {
        decision: inError(decision, detail),
        model,
        attempts: decision.attemptCount ?? 0,
        entries: trail.entries(),
        allowanceMs: planned.limits.allowanceMs,
        contextWindowTokens: catalog.models.get(model)?.contextWindowTokens,
      });
      end(decision, error.code);
      return error;
    },
    left: () => {
      if (!ended) end(decisionNow(undefined), "CANCELLED");
    },
    [Symbol.dispose]: () => options.reservation?.settle(spentNanos(trail)),
  };
}
