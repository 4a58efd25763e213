import { timestampDate } from "@bufbuild/protobuf/wkt";
import { type CanaryStatus, OperatorService } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import type { CliContext } from "./cli-context.ts";
import { type CallOptions, withGateway } from "./connect-gateway.ts";
import { readConfig } from "./read-config.ts";
import { formatArms } from "./report-table.ts";

/**
 * The canary of a running gateway, where the config has one. Operators alone may ask, at another listener: with an
 * address of the public one it is not asked for. A call that failed has been told of.
 */
export async function readCanary(
  options: CallOptions,
  context: CliContext,
): Promise<CanaryStatus | undefined> {
  if (options.address !== undefined) return undefined;
  const config = readConfig(context, options.config);
  if (config?.canary === undefined || config.listen.operator === undefined) return undefined;
  let status: CanaryStatus | undefined;
  await withGateway(OperatorService, "operator", options, context, async (calls) => {
    status = (await calls.getCanary({})).canary;
    return 0;
  });
  return status?.enabled === true ? status : undefined;
}

/** Where it stands, and what the calls since it was armed have shown. */
export function formatCanary(status: CanaryStatus): string {
  const arms = [status.stable, status.canary].flatMap((arm) => arm ?? []);
  return `${standing(status)}\n\n${formatArms(arms)}`;
}

function standing({ weightBasisPoints, rolledBack, rollbackReason, rollbackTime }: CanaryStatus): string {
  if (rolledBack) {
    const since = rollbackTime === undefined ? "" : ` at ${timestampDate(rollbackTime).toISOString()}`;
    return `canary  rolled back${since}: ${rollbackReason}`;
  }
  const alarm = rollbackReason === "" ? "" : `; it would have been rolled back: ${rollbackReason}`;
  return `canary  ${weightBasisPoints / 100} % of the calls${alarm}`;
}
