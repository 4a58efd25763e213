import type { RouteDecision, RouteDetail } from "../../gen/switchyard/v1/routing_pb.ts";
import type { BudgetReservation } from "../admission/budget-book.ts";
import type { Served, Serving } from "../attempt/call-outcome.ts";
import type { PlannedCall } from "../attempt/planned-call.ts";
import type { CallFailure } from "../routing/call-failure.ts";
import type { Catalog } from "../routing/catalog.ts";
import { spentNanos } from "./call-budget.ts";
import { callFailureError } from "./call-failure-error.ts";
import type { DecisionFeed } from "./decision-feed.ts";
import { type DecisionFacts, inAnswer, inError, routeDecision } from "./route-decision.ts";
import type { RpcError } from "./rpc-error.ts";
import type { Clock } from "./wire-time.ts";

/** A planned call on its way, and the decision that grows with it. */
export interface LiveCall {
  readonly planned: PlannedCall;
  /** The decision so far, as the caller wants it. */
  soFar(serving: Serving): RouteDecision | undefined;
  /** The call ends with an answer. */
  answered(served: Served): RouteDecision | undefined;
  /** The call ends with this error. */
  failed(failure: CallFailure): RpcError;
  /** Nobody reads any more: unless it has ended, the caller went away. */
  left(): void;
  /** Gives back what was set aside and is not spent. On every path, last of all. */
  settle(): void;
}

export interface LiveCallOptions {
  readonly catalog: Catalog;
  readonly decisions: Pick<DecisionFeed, "publish">;
  readonly clock: Clock;
  readonly facts: DecisionFacts;
  readonly detail: RouteDetail | undefined;
  /** What was set aside for it, where its caller has a budget. */
  readonly reservation: BudgetReservation | undefined;
  /** Instant of the monotonic clock. */
  readonly startedAt: number;
}

/** @see test/rpc/gateway-service.test.ts */
export function createLiveCall(planned: PlannedCall, options: LiveCallOptions): LiveCall {
  return new DecidedCall(planned, options);
}

class DecidedCall implements LiveCall {
  readonly planned: PlannedCall;
  readonly #options: LiveCallOptions;
  #ended = false;

  constructor(planned: PlannedCall, options: LiveCallOptions) {
    this.planned = planned;
    this.#options = options;
  }

  soFar(serving: Serving): RouteDecision | undefined {
    return inAnswer(this.#decisionNow(serving), this.#options.detail);
  }

  answered({ attempt, reason }: Served): RouteDecision | undefined {
    const { number, deployment, model } = attempt;
    const decision = this.#decisionNow({ number, deployment, model, reason });
    this.#end(decision, "OK");
    return inAnswer(decision, this.#options.detail);
  }

  failed(failure: CallFailure): RpcError {
    const { trail, plan, limits } = this.planned;
    const { facts, catalog, detail } = this.#options;
    const decision = this.#decisionNow(undefined);
    const model = trail.lastAttempt()?.model ?? (facts.model || plan.candidates[0]?.model.id) ?? "";
    const error = callFailureError(failure, {
      decision: inError(decision, detail),
      model,
      attempts: decision.attemptCount ?? 0,
      entries: trail.entries(),
      allowanceMs: limits.allowanceMs,
      contextWindowTokens: catalog.models.get(model)?.contextWindowTokens,
    });
    this.#end(decision, error.code);
    return error;
  }

  left(): void {
    if (!this.#ended) this.#end(this.#decisionNow(undefined), "CANCELLED");
  }

  settle(): void {
    this.#options.reservation?.settle(spentNanos(this.planned.trail));
  }

  #decisionNow(serving: Serving | undefined): RouteDecision {
    const { facts, clock, startedAt } = this.#options;
    return routeDecision(facts, this.planned.trail, serving, clock.now() - startedAt);
  }

  #end(decision: RouteDecision, status: "OK" | RpcError["code"]): void {
    this.#ended = true;
    const { decisions, clock } = this.#options;
    decisions.publish({ decision, endedAt: clock.wallClock(), status });
  }
}
