import {
  type ChatRequest,
  type ChatStreamRequest,
  GatewayService,
} from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { StreamRestart } from "../../gen/switchyard/v1/routing_pb.ts";
import type { BudgetBook } from "../admission/budget-book.ts";
import type { CallRunner } from "../attempt/call-runner.ts";
import type { Fleet } from "../attempt/fleet.ts";
import type { PlannedCall } from "../attempt/planned-call.ts";
import type { SetTimer } from "../attempt/timer.ts";
import { createTrail } from "../attempt/trail.ts";
import type { Config } from "../config/config.ts";
import type { Catalog } from "../routing/catalog.ts";
import { planRoute } from "../routing/plan-route.ts";
import { startRouteSpan } from "../telemetry/route-span.ts";
import type { SpanSource } from "../telemetry/span-source.ts";
import { toCost } from "./attempt-message.ts";
import { dearestCost, withinBudget } from "./call-budget.ts";
import type { CallContext } from "./call-context.ts";
import { callEnd } from "./call-end.ts";
import { callLimits } from "./call-limits.ts";
import type { DecisionFeed } from "./decision-feed.ts";
import { deploymentHealth, servingStatus } from "./deployment-health.ts";
import { withHeartbeats } from "./heartbeats.ts";
import { createLiveCall, type LiveCall } from "./live-call.ts";
import { modelsView } from "./models-view.ts";
import { readCallFacts } from "./read-call-facts.ts";
import { rejectCall } from "./reject-call.ts";
import { decisionFacts } from "./route-decision.ts";
import { namedModel, routeFacts } from "./route-facts.ts";
import { defineService, type RpcService } from "./rpc-service.ts";
import type { ServingState } from "./serving-state.ts";
import { streamResponses } from "./stream-response.ts";
import { chatInputProblems } from "./validate-chat.ts";
import { invalidArgument } from "./validate-message.ts";
import { type Clock, toTimestamp } from "./wire-time.ts";

/** What the service answers from. */
export interface GatewayServiceOptions {
  readonly catalog: Catalog;
  /** What calls are planned with now: the same catalog with the canary's share of the moment. */
  readonly planning: () => Catalog;
  readonly config: Pick<Config, "timeouts" | "retry" | "simulator">;
  readonly runner: CallRunner;
  readonly fleet: Pick<Fleet, "snapshot">;
  readonly spans: SpanSource;
  readonly decisions: Pick<DecisionFeed, "publish">;
  readonly budgets: BudgetBook;
  readonly state: ServingState;
  readonly newCallId: () => string;
  readonly clock: Clock;
  readonly setTimer: SetTimer;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Calls under way in other processes of this gateway, by deployment. */
  readonly inFlightElsewhere: () => Promise<ReadonlyMap<string, number>>;
}

/** Proxies close what is silent for a minute, some for half of one. */
const heartbeatMs = 15_000;

/** `switchyard.v1.GatewayService`: check, plan, run the plan, answer. */
export function createGatewayService(options: GatewayServiceOptions): RpcService {
  const { catalog, config, runner, fleet, spans, clock, state } = options;

  return defineService(GatewayService, {
    async chat(request, context) {
      const call = begin(request, context, false);
      // Not `using`, which is a call into the engine's runtime and a tree of garbage for each.
      try {
        const outcome = await runner.chat(call.planned);
        if (outcome.kind === "failed") throw call.failed(outcome.failure);
        const { completion, served } = outcome;
        const { createdSeconds } = completion;
        return {
          $typeName: "switchyard.v1.ChatResponse",
          id: completion.id,
          createTime: toTimestamp(createdSeconds === undefined ? clock.wallClock() : createdSeconds * 1000),
          modelVersion: completion.modelVersion,
          choices: [...completion.choices],
          usage: served.usage,
          cost: toCost(served.cost),
          route: call.answered(served),
        };
      } finally {
        call.settle();
      }
    },

    async *chatStream(request, context) {
      const call = begin(request, context, true);
      try {
        const events = withHeartbeats(runner.chatStream(call.planned), heartbeatMs, options.setTimer);
        for await (const event of events) {
          // Not handed over to it: that would make a promise more of each response.
          for (const response of streamResponses(event, call, clock.wallClock)) yield response;
        }
      } finally {
        call.left();
        call.settle();
      }
    },

    async listModels({ provider }) {
      const facts = { clock, simulated: config.simulator.serves };
      return { models: modelsView(catalog, provider, fleet.snapshot(), facts) };
    },

    async health() {
      const elsewhere = await options.inFlightElsewhere();
      const deployments = fleet.snapshot();
      return {
        status: servingStatus(state.phase(), catalog.models.values(), deployments),
        version: options.version,
        configRevision: catalog.revision,
        startTime: toTimestamp(options.startedAt),
        deployments: deployments.map((snapshot) => {
          const health = deploymentHealth(snapshot, clock);
          return { ...health, inFlight: snapshot.inFlight + (elsewhere.get(snapshot.deployment.id) ?? 0) };
        }),
      };
    },
  });

  /** Everything before the first attempt: the checks, the facts, the plan and its span. */
  function begin(request: ChatRequest | ChatStreamRequest, context: CallContext, stream: boolean): LiveCall {
    const startedAt = clock.now();
    const { input, routing } = request;
    if (input === undefined) throw invalidArgument([{ field: "input", description: "value is required" }]);
    const problems = chatInputProblems(input);
    if (problems.length > 0) throw invalidArgument(problems);

    const catalog = options.planning();
    const requestId = options.newCallId();
    const read = readCallFacts(request, { defaultTier: catalog.defaultTier, requestId });
    if (read.kind === "invalid") throw invalidArgument(read.problems);
    const account = { caller: context.caller, labels: request.labels };
    const budget = options.budgets.left(account);
    const facts = withinBudget(read.facts, budget);

    const result = planRoute(catalog, facts);
    const deadlineRemainingMs = context.deadline - startedAt;
    const route = startRouteSpan(spans, routeFacts(catalog, facts, result, { deadlineRemainingMs, stream }));
    if (result.kind === "rejected") throw rejectCall(result.rejection, facts, route, budget, options);

    const { plan } = result;
    const planned: PlannedCall = {
      plan,
      input,
      inputTokens: facts.inputTokens.estimate,
      limits: callLimits(plan, routing, context, config, startedAt),
      restart: restartOf(routing?.fallback?.streamRestart),
      signal: context.signal,
      ending: () => callEnd(context.signal),
      route,
      trail: createTrail(),
      account,
    };
    return createLiveCall(planned, {
      catalog,
      decisions: options.decisions,
      clock,
      startedAt,
      detail: routing?.routeDetail,
      reservation: budget && options.budgets.reserve(account, dearestCost(plan, facts)),
      facts: decisionFacts(route, namedModel(facts.target), plan.excluded),
    });
  }
}

function restartOf(restart: StreamRestart | undefined): PlannedCall["restart"] {
  switch (restart) {
    case StreamRestart.ALLOWED:
      return "allowed";
    case StreamRestart.BUFFER:
      return "buffer";
    default:
      return "before-content";
  }
}
