import { toJson } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  type CanaryStatus,
  CanaryStatusSchema,
} from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import type { HealthResponse } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import {
  GatewayService,
  HealthResponseSchema,
  ServingStatus,
  ServingStatusSchema,
} from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { formatCanary, readCanary } from "./canary.ts";
import { breakerText } from "./breaker-text.ts";
import type { CliContext, ExitCode } from "./cli-context.ts";
import type { CallOptions } from "./connect-gateway.ts";
import { withGateway } from "./connect-gateway.ts";
import { formatTable } from "./table.ts";
import { enumWords } from "./words.ts";

/** `switchyard status`: health, breakers and canary of a running gateway. Fails unless it serves. */
export async function runStatus(options: CallOptions, context: CliContext): Promise<ExitCode> {
  return withGateway(GatewayService, "public", options, context, async (calls) => {
    const health = await calls.health({});
    const canary = await readCanary(options, context);
    context.stdout.line(
      options.json === true ? formatJson(health, canary) : formatStatus(health, canary, Date.now()),
    );
    return health.status === ServingStatus.SERVING || health.status === ServingStatus.DEGRADED ? 0 : 1;
  });
}

/** The contract's JSON of health, with that of the canary in it where there is one. */
function formatJson(health: HealthResponse, canary: CanaryStatus | undefined): string {
  const shown = {
    // A message is an object in JSON.
    ...(toJson(HealthResponseSchema, health) as object),
    ...(canary === undefined ? {} : { canary: toJson(CanaryStatusSchema, canary) }),
  };
  return JSON.stringify(shown, undefined, 2);
}

function formatStatus(health: HealthResponse, canary: CanaryStatus | undefined, nowMs: number): string {
  const facts = formatTable([
    ["status", enumWords(ServingStatusSchema, health.status)],
    ["version", health.version],
    ["config", health.configRevision],
    ...(health.startTime === undefined ? [] : [["since", timestampDate(health.startTime).toISOString()]]),
  ]);
  const rows = health.deployments.map((deployment) => [
    deployment.deployment,
    breakerText(deployment, nowMs),
    `${deployment.inFlight}`,
    `${(deployment.failurePpm / 10_000).toFixed(1)} %`,
  ]);
  const deployments = formatTable([["DEPLOYMENT", "BREAKER", "IN FLIGHT", "FAILED"], ...rows]);
  return [facts, deployments, ...(canary === undefined ? [] : [formatCanary(canary)])].join("\n\n");
}
