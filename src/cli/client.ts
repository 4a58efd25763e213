import type { DescService } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import type { Secret } from "../config/secret.ts";
import { createHttp2Session } from "./http2-session.ts";

/** A gRPC client with its connection; disposing it ends calls still running. */
export interface GatewayClient<Service extends DescService> extends Disposable {
  readonly calls: Client<Service>;
}

/** How and where to call. */
export interface ClientOptions {
  readonly baseUrl: string;
  /** Sent as a bearer token: the operator listener's. */
  readonly token?: Secret | undefined;
}

/** Connects with the first call, not before. */
export function createGatewayClient<Service extends DescService>(
  service: Service,
  { baseUrl, token }: ClientOptions,
): GatewayClient<Service> {
  const sessionManager = createHttp2Session(baseUrl);
  const transport = createGrpcTransport({
    baseUrl,
    sessionManager,
    interceptors: [
      (next) => (request) => {
        if (token !== undefined) request.header.set("authorization", `Bearer ${token.reveal()}`);
        return next(request);
      },
    ],
  });
  return {
    calls: createClient(service, transport),
    [Symbol.dispose]: () => sessionManager.close(),
  };
}
