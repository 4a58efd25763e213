import { once } from "node:events";
import { createServer } from "node:net";
import { Health, HealthCheckResponse_ServingStatus } from "../../gen/grpc/health/v1/health_pb.ts";
import { OperatorService } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import { GatewayService } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { ListenAddress } from "../config/config.ts";
import { listenVariables } from "../config/environment.ts";
import { formatListenAddress } from "../config/listen-address.ts";
import type { ListenerName } from "../config/listeners.ts";
import type { Secret } from "../config/secret.ts";
import { createGatewayClient } from "./client.ts";
import type { Finding } from "./finding.ts";
import { reachableHost } from "./gateway-address.ts";
import { listenErrorCause } from "./listen-error.ts";

/** Whether a listener's address is free, or a Switchyard already listens there. */
export async function checkListener(
  name: ListenerName,
  address: ListenAddress | undefined,
  token: Secret | undefined,
): Promise<Finding> {
  const finding = { check: "listener", subject: name } as const;
  if (address === undefined) return { ...finding, outcome: "ok", detail: "off" };
  const place = formatListenAddress(address);
  const error = await tryListen(address);
  if (error === undefined) return { ...finding, outcome: "ok", detail: `${place} is free` };
  if (await isOurs(name, address, token)) {
    return { ...finding, outcome: "ok", detail: `${place} is served by a running Switchyard` };
  }
  const cause = listenErrorCause(error) ?? "it cannot be opened";
  const advice = `stop what uses it, or set ${listenVariables[name]}=host:port`;
  return { ...finding, outcome: "failed", detail: `${place}: ${cause}`, advice };
}

async function tryListen({ host, port }: ListenAddress): Promise<unknown> {
  const server = createServer();
  try {
    server.listen(port, host.replace(/^\[(.*)\]$/, "$1"));
    await once(server, "listening");
    return undefined;
  } catch (error) {
    return error;
  } finally {
    server.close();
  }
}

async function isOurs(
  name: ListenerName,
  address: ListenAddress,
  token: Secret | undefined,
): Promise<boolean> {
  const operator = name === "operator";
  const baseUrl = `http://${reachableHost(address)}:${address.port}`;
  using client = createGatewayClient(Health, { baseUrl, token: operator ? token : undefined });
  const service = operator ? OperatorService.typeName : GatewayService.typeName;
  try {
    const { status } = await client.calls.check({ service }, { timeoutMs: 3000 });
    return status !== HealthCheckResponse_ServingStatus.SERVICE_UNKNOWN;
  } catch {
    return false;
  }
}
