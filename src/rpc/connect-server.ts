import type { CallPolicy } from "./call-policy.ts";
import { connectRoutes } from "./connect-adapter.ts";
import { serveExchange } from "./connect-exchange.ts";
import { answerCors } from "./cors.ts";
import { discardRest } from "./discard-body.ts";
import { drainServer } from "./drain-server.ts";
import { type HttpRequest, type HttpResponse, pathOf, sendJson } from "./http-message.ts";
import type { HttpRoute } from "./http-route.ts";
import { createHttpServers } from "./http-servers.ts";
import type { OpenPort } from "./open-port.ts";
import type { RequestGuard } from "./operator-guard.ts";
import { probeRoutes } from "./probe-routes.ts";
import type { RpcServer } from "./rpc-server.ts";
import type { RpcService } from "./rpc-service.ts";
import { createCallServer } from "./serve-call.ts";
import { createSocketListener } from "./socket-listener.ts";
import { answerUnknownPath } from "./unknown-path.ts";

/** What a Connect listener serves, and to whom. */
export interface ConnectServerOptions {
  readonly services: readonly RpcService[];
  readonly policy: CallPolicy;
  readonly maxRequestBytes: number;
  readonly allowedOrigins?: readonly string[];
  /** Beside the RPCs and the probes; the first that matches serves. */
  readonly routes?: readonly HttpRoute[];
  readonly guard?: RequestGuard;
  /** Left out: a port of this process. */
  readonly openPort?: OpenPort | undefined;
}

/** A cleartext port for Connect, gRPC-Web and gRPC, over HTTP/1.1 and HTTP/2. */
export function createConnectServer(options: ConnectServerOptions): RpcServer {
  const { services, policy, maxRequestBytes, allowedOrigins = [], guard = () => undefined } = options;
  const calls = createCallServer(policy);
  const rpcs = connectRoutes(services, maxRequestBytes);
  const routes = [...probeRoutes(policy.state), ...(options.routes ?? [])];

  function onRequest(request: HttpRequest, response: HttpResponse): void {
    const cors = answerCors(allowedOrigins, {
      method: request.method ?? "",
      origin: request.headers.origin,
      requestedMethod: request.headers["access-control-request-method"],
    });
    for (const [name, value] of Object.entries(cors.headers)) response.setHeader(name, value);
    if (cors.preflight) {
      response.statusCode = 204;
      response.end();
      return;
    }
    const path = pathOf(request);
    const rpc = rpcs.get(path);
    if (rpc !== undefined) void serveExchange(rpc, request, response, { calls, maxRequestBytes, guard });
    else void servePlain(routes.find((route) => route.matches(path)));

    async function servePlain(route: HttpRoute | undefined): Promise<void> {
      try {
        const refused = route?.open === true ? undefined : guard(request);
        if (refused !== undefined) {
          const { message } = refused;
          sendJson(response, refused.code === "UNAUTHENTICATED" ? 401 : 403, {
            code: refused.code.toLowerCase(),
            message,
          });
        } else if (route === undefined) answerUnknownPath(request, response);
        else await route.handle(request, response);
      } catch (cause) {
        policy.log.error({ event: "internal-error", path, err: cause }, "a route failed");
        if (response.headersSent) response.destroy();
        else sendJson(response, 500, { code: "internal", message: "internal error" });
      }
      await discardRest(request);
    }
  }
  const http = createHttpServers(onRequest);
  const listener = createSocketListener(http.serve, options.openPort);

  const server: RpcServer = {
    listen: async (address) => ({ address: await listener.listen(address) }),
    drain: (times) =>
      drainServer({ state: policy.state, calls, listener, retire: http.retire }, times).finally(http.close),
    async close() {
      listener.stopAccepting();
      listener.destroyAll();
      http.close();
      await listener.empty(1_000);
    },
  };
  return server;
}
