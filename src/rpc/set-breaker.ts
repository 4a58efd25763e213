import { ResourceInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { SetBreakerRequest } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import { BreakerState } from "../../gen/switchyard/v1/routing_pb.ts";
import type { Fleet } from "../attempt/fleet.ts";
import type { Catalog } from "../routing/catalog.ts";
import { closestNames } from "../routing/closest-names.ts";
import { type DeploymentHealthInit, deploymentHealth } from "./deployment-health.ts";
import { errorInfo } from "./error-info.ts";
import { RpcError } from "./rpc-error.ts";
import { invalidArgument } from "./validate-message.ts";
import { type Clock, toMs } from "./wire-time.ts";

/** A day: what should be away for longer belongs out of the config. */
const longestOpenMs = 86_400_000;

/**
 * Opens a deployment's breaker until `ttl` ends, or closes it. Closing closes its upstream's breaker too: with that one
 * open the deployment would stay away, whatever its own says.
 */
export function setBreaker(
  { deployment: id, state, ttl }: SetBreakerRequest,
  { catalog, fleet, clock }: { readonly catalog: Catalog; readonly fleet: Fleet; readonly clock: Clock },
): DeploymentHealthInit {
  const deployment = catalog.deployments.get(id);
  const breaker = fleet.breaker(id);
  if (deployment === undefined || breaker === undefined) throw unknownDeployment(id, catalog);
  if (state === BreakerState.OPEN) {
    const ms = toMs(ttl) ?? 0;
    if (ms <= 0 || ms > longestOpenMs) {
      throw invalidArgument([
        { field: "ttl", description: "must be above zero and at most a day with OPEN" },
      ]);
    }
    breaker.trip(ms);
  } else {
    fleet.upstreamBreaker(deployment.upstream)?.reset();
    breaker.reset();
  }
  const snapshot = fleet.snapshot().find((candidate) => candidate.deployment.id === id);
  if (snapshot === undefined) throw new Error(`the fleet does not show ${id}`);
  return deploymentHealth(snapshot, clock);
}

function unknownDeployment(id: string, catalog: Catalog): RpcError {
  const suggestions = closestNames(id, catalog.deployments.keys()).join(", ");
  return new RpcError("NOT_FOUND", `no deployment named ${JSON.stringify(id.slice(0, 100))} is configured`, [
    errorInfo("MODEL_NOT_FOUND", suggestions === "" ? {} : { suggestions }),
    {
      schema: ResourceInfoSchema,
      value: { resourceType: "deployment", resourceName: id.slice(0, 200) },
    },
  ]);
}
