import { once } from "node:events";
import { createServer, type ServerHttp2Session } from "node:http2";
import type { AddressInfo } from "node:net";
import type { ServiceImpl } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { OperatorService } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import { GatewayService } from "../../gen/switchyard/v1/gateway_service_pb.ts";

/** The calls that a test answers itself; any other is UNIMPLEMENTED. */
export interface GatewayScript {
  readonly gateway?: Partial<ServiceImpl<typeof GatewayService>>;
  readonly operator?: Partial<ServiceImpl<typeof OperatorService>>;
  readonly health?: Partial<ServiceImpl<typeof Health>>;
}

/** A server of the contract whose answers a test writes: answers that a real gateway gives rarely. */
export interface ScriptedGateway extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly address: string;
  readonly port: number;
}

export async function startScriptedGateway(script: GatewayScript): Promise<ScriptedGateway> {
  const server = createServer(
    connectNodeAdapter({
      routes: (router) => {
        router.service(GatewayService, script.gateway ?? {});
        router.service(OperatorService, script.operator ?? {});
        router.service(Health, script.health ?? {});
      },
    }),
  );
  const sessions = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A server that listens on a port has an address of this form.
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    port,
    [Symbol.asyncDispose]: async () => {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
