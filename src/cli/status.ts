import { toJsonString } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { HealthResponse } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import {
  GatewayService,
  HealthResponseSchema,
  ServingStatus,
  ServingStatusSchema,
} from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { breakerText } from "./breaker-text.ts";
import type { CliContext, ExitCode } from "./cli-context.ts";
import type { CallOptions } from "./connect-gateway.ts";
import { withGateway } from "./connect-gateway.ts";
import { formatTable } from "./table.ts";
import { enumWords } from "./words.ts";

/** `switchyard status`: health and breakers of a running gateway. Fails unless it serves. */
export async function runStatus(options: CallOptions, context: CliContext): Promise<ExitCode> {
  return withGateway(GatewayService, "public", options, context, async (calls) => {
    const health = await calls.health({});
    context.stdout.line(
      options.json === true
        ? toJsonString(HealthResponseSchema, health, { prettySpaces: 2 })
        : formatStatus(health, Date.now()),
    );
    return health.status === ServingStatus.SERVING || health.status === ServingStatus.DEGRADED ? 0 : 1;
  });
}

function formatStatus(health: HealthResponse, nowMs: number): string {
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
  return `${facts}\n\n${formatTable([["DEPLOYMENT", "BREAKER", "IN FLIGHT", "FAILED"], ...rows])}`;
}
