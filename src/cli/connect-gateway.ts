import type { DescService } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import type { CliContext, ExitCode } from "./cli-context.ts";
import type { GatewayClient } from "./client.ts";
import { createGatewayClient } from "./client.ts";
import { formatErrorJson } from "./error-json.ts";
import { formatCallError } from "./error-report.ts";
import type { CalledListener } from "./gateway-address.ts";
import { configuredAddress, parseAddress } from "./gateway-address.ts";
import { readConfig } from "./read-config.ts";

/** Options of every command that calls a running gateway. */
export interface CallOptions {
  readonly address?: string | undefined;
  readonly config?: string | undefined;
  readonly json?: boolean | undefined;
}

/**
 * Calls a running gateway: at `--address`, else where the config says that it listens. Prints what went
 * wrong, a failed call included, so that a command holds only its own story.
 */
export async function withGateway<Service extends DescService>(
  service: Service,
  listener: CalledListener,
  options: CallOptions,
  context: CliContext,
  run: (calls: GatewayClient<Service>["calls"]) => Promise<ExitCode>,
): Promise<ExitCode> {
  // With an address the config is needed only for the operator's token.
  const config =
    options.address === undefined || listener === "operator"
      ? readConfig(context, options.config)
      : undefined;
  if (options.address === undefined && config === undefined) return 1;
  const address =
    options.address === undefined && config !== undefined
      ? configuredAddress(config.listen, listener)
      : parseAddress(options.address ?? "");
  if (address.kind === "unknown") {
    context.stderr.line(`error: ${address.why}`);
    return options.address === undefined ? 1 : 2;
  }
  const token = listener === "operator" ? config?.operator.token : undefined;
  using client = createGatewayClient(service, { baseUrl: address.baseUrl, token });
  try {
    return await run(client.calls);
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    context.stderr.line(
      options.json === true ? formatErrorJson(error) : formatCallError(error, address.baseUrl),
    );
    return 1;
  }
}
