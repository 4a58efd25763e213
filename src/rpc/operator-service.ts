import { OperatorService } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import { BreakerState } from "../../gen/switchyard/v1/routing_pb.ts";
import type { CanaryWatch } from "../attempt/canary-watch.ts";
import type { Fleet } from "../attempt/fleet.ts";
import type { Config } from "../config/config.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Catalog } from "../routing/catalog.ts";
import type { Log } from "../telemetry/log.ts";
import type { KeyDesk } from "../upstream/key-rotation.ts";
import type { CallContext } from "./call-context.ts";
import { canaryStatus } from "./canary-status.ts";
import type { DecisionFeed } from "./decision-feed.ts";
import { errorInfo } from "./error-info.ts";
import { explainRoute } from "./explain-route.ts";
import { getReport } from "./get-report.ts";
import { explainedRejection } from "./plan-rejection-error.ts";
import { reloadConfig } from "./reload-config.ts";
import { listKeys, rotateKey } from "./rotate-key.ts";
import { RpcError } from "./rpc-error.ts";
import { defineService, type RpcService } from "./rpc-service.ts";
import { setBreaker } from "./set-breaker.ts";
import { chatInputProblems } from "./validate-chat.ts";
import { invalidArgument } from "./validate-message.ts";
import { type Clock, toMs, toTimestamp } from "./wire-time.ts";

/** What the service answers from. */
export interface OperatorServiceOptions {
  readonly catalog: Catalog;
  /** What calls are planned with now: the same catalog with the canary's share of the moment. */
  readonly planning: () => Catalog;
  /** Undefined: none is configured. */
  readonly canary: Pick<CanaryWatch, "report" | "arm"> | undefined;
  readonly config: Config;
  readonly fleet: Fleet;
  readonly decisions: Pick<DecisionFeed, "watch">;
  readonly ledger: Pick<Ledger, "report">;
  readonly newCallId: () => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly keys: KeyDesk;
}

/** `switchyard.operator.v1.OperatorService`: for those who run the gateway. Every change is logged. */
export function createOperatorService(options: OperatorServiceOptions): RpcService {
  const { catalog, planning, canary, fleet, decisions, keys, clock, log } = options;

  return defineService(
    OperatorService,
    {
      async explainRoute(request) {
        const problems = request.input === undefined ? [] : chatInputProblems(request.input);
        if (problems.length > 0) throw invalidArgument(problems);
        const explanation = explainRoute(request, {
          ...options,
          catalog: planning(),
          readiness: fleet.readiness,
        });
        switch (explanation.kind) {
          case "explained":
            return explanation.response;
          case "invalid":
            throw invalidArgument(explanation.problems);
          case "rejected":
            throw explainedRejection(explanation.rejection, explanation.facts);
        }
      },

      async *watchDecisions({ backlog }, { signal }) {
        for await (const watched of decisions.watch(backlog, signal)) {
          if (watched.kind === "fell-behind") {
            throw new RpcError("ABORTED", "this watch fell too far behind: watch again", [
              errorInfo("WATCH_FELL_BEHIND"),
            ]);
          }
          const { decision, endedAt, status } = watched.ended;
          yield { decision, endTime: toTimestamp(endedAt), status };
        }
        // A drain is no end that a watcher should take for one: it finds another replica.
        signal.throwIfAborted();
      },

      async setBreaker(request, context) {
        const deployment = setBreaker(request, { catalog, fleet, clock });
        audit(context, {
          deployment: request.deployment,
          state: request.state === BreakerState.OPEN ? "open" : "closed",
          ttl_ms: toMs(request.ttl),
        });
        return { deployment };
      },

      async listKeys() {
        return { keys: [...listKeys(options)] };
      },

      async rotateKey(request, context) {
        const key = await rotateKey(request, options);
        audit(context, { upstream: request.upstream, key_id: request.keyId });
        return { key };
      },

      async reloadConfig(request, context) {
        const reloaded = await reloadConfig(request, keys);
        if (!request.validateOnly) audit(context, { config: reloaded.revision });
        return reloaded;
      },

      getReport: (request) => getReport(request, options),

      async getCanary() {
        return { canary: canaryStatus(canary?.report()) };
      },

      async setCanary({ weightBasisPoints }, context) {
        if (canary === undefined) throw noCanary();
        await canary.arm(weightBasisPoints);
        audit(context, { weight_basis_points: weightBasisPoints });
        return { canary: canaryStatus(canary.report()) };
      },
    },
    // Whoever operates must get through an overload, and a watch must not hold up a drain.
    { infrastructure: true },
  );

  function audit({ method, caller }: CallContext, change: Readonly<Record<string, unknown>>): void {
    log.info({ event: "audit", method, caller, ...change }, "an operator changed something");
  }
}

function noCanary(): RpcError {
  return new RpcError(
    "FAILED_PRECONDITION",
    "no canary is configured: name its two upstreams in the config",
    [errorInfo("NO_CANARY")],
  );
}
