import type { Config, ListenAddress } from "../config/config.ts";
import type { ListenerName } from "../config/listeners.ts";
import type { CallPolicy } from "./call-policy.ts";
import { createConnectServer } from "./connect-server.ts";
import { createGrpcServer } from "./grpc-server.ts";
import type { HttpRoute } from "./http-route.ts";
import type { OpenPort } from "./open-port.ts";
import { createOperatorGuard } from "./operator-guard.ts";
import type { RpcServer } from "./rpc-server.ts";
import type { RpcService } from "./rpc-service.ts";

export interface ListenersOptions {
  readonly config: Pick<Config, "listen" | "limits" | "cors" | "grpc" | "operator" | "drain">;
  readonly forCallers: readonly RpcService[];
  readonly forOperators: readonly RpcService[];
  readonly policy: CallPolicy;
  /** Beside the RPCs of operators. */
  readonly routes: readonly HttpRoute[];
  /** Undefined: a port of this process. */
  readonly openPort: ((listener: ListenerName) => OpenPort) | undefined;
  readonly onOpen: (listener: ListenerName, address: string) => void;
}

/** The listeners of a gateway, open. */
export interface Listeners {
  /** `host:port` by listener; undefined for one that is off. */
  readonly addresses: Readonly<Record<ListenerName, string | undefined>>;
  /** All leave service without breaking a call within the configured grace. */
  readonly drain: () => Promise<void>;
  /** Ends everything at once. */
  readonly close: () => Promise<void>;
}

/** Opens those that are not off. Rejects where an address cannot be had; then none is left open. */
export async function openListeners(options: ListenersOptions): Promise<Listeners> {
  const { config, forCallers, forOperators, policy, routes, openPort, onOpen } = options;
  const { cors, grpc, operator } = config;
  const { maxRequestBytes } = config.limits;
  const common = (listener: ListenerName) => ({ policy, maxRequestBytes, openPort: openPort?.(listener) });
  const servers: Readonly<Record<ListenerName, () => RpcServer>> = {
    connect: () => createConnectServer({ ...common("connect"), ...cors, services: forCallers }),
    grpc: () => createGrpcServer({ ...common("grpc"), ...grpc, services: forCallers }),
    operator: () => {
      const guard = createOperatorGuard(operator.token);
      return createConnectServer({ ...common("operator"), services: forOperators, routes, guard });
    },
  };
  const open: RpcServer[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(open.map((server) => server.close()));
  };
  const listen = async (listener: ListenerName): Promise<string | undefined> => {
    const wanted: ListenAddress | undefined = config.listen[listener];
    if (wanted === undefined) return undefined;
    const server = servers[listener]();
    const { address } = await server.listen(wanted);
    open.push(server);
    onOpen(listener, address);
    return address;
  };
  try {
    const addresses = {
      connect: await listen("connect"),
      grpc: await listen("grpc"),
      operator: await listen("operator"),
    };
    const drain = async (): Promise<void> => {
      await Promise.all(open.map((server) => server.drain(config.drain)));
    };
    return { addresses, drain, close };
  } catch (error) {
    await close();
    throw error;
  }
}
