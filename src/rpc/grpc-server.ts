import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { CallPolicy } from "./call-policy.ts";
import { drainServer } from "./drain-server.ts";
import { grpcDefinition, grpcHandlers } from "./grpc-adapter.ts";
import { createGrpcGate } from "./grpc-gate.ts";
import { maxSessionMegabytes, streamResetBurst, streamResetRate } from "./http-servers.ts";
import { createMessageWriter } from "./message-writer.ts";
import type { OpenPort } from "./open-port.ts";
import type { RpcServer } from "./rpc-server.ts";
import type { RpcService } from "./rpc-service.ts";
import { createCallServer } from "./serve-call.ts";
import { createSocketListener } from "./socket-listener.ts";

/** What a grpc-js listener serves, and how it keeps its connections. */
export interface GrpcServerOptions {
  readonly services: readonly RpcService[];
  readonly policy: CallPolicy;
  readonly maxRequestBytes: number;
  /** Between two pings on a connection. */
  readonly keepaliveMs: number;
  /** After this a connection is asked to end, so that clients spread over new replicas. */
  readonly maxConnectionAgeMs: number;
  /** Left out: a port of this process. */
  readonly openPort?: OpenPort | undefined;
}

const keepaliveTimeoutMs = 20_000;
// grpc-js spreads ages by a tenth, and a timer of 2³¹ ms or more runs out at once.
const longestConnectionAgeMs = 1_900_000_000;
const maxConcurrentStreams = 4_096;

/**
 * A cleartext port for gRPC alone on `@grpc/grpc-js`: three to four times the calls a core of the Connect listener.
 * Sockets are ours and injected: grpc-js destroys none of them in a forced shutdown when channelz is off.
 */
export function createGrpcServer(options: GrpcServerOptions): RpcServer {
  const { services, policy, maxRequestBytes } = options;
  const calls = createCallServer(policy);
  const methods = new Map(
    services.flatMap((service) => service.methods).map((method) => [`/${method.name}`, method]),
  );
  const gate = createGrpcGate(methods, calls, maxRequestBytes);
  const server = new Server({
    interceptors: [gate.interceptor],
    "grpc.max_receive_message_length": maxRequestBytes,
    "grpc.max_send_message_length": -1,
    "grpc.max_concurrent_streams": maxConcurrentStreams,
    "grpc.keepalive_time_ms": options.keepaliveMs,
    "grpc.keepalive_timeout_ms": keepaliveTimeoutMs,
    "grpc.max_connection_age_ms": Math.min(options.maxConnectionAgeMs, longestConnectionAgeMs),
    // No call lasts longer than a stream may.
    "grpc.max_connection_age_grace_ms": policy.streamMs,
    // grpc-js itself sets no bound to what one connection may hold.
    "grpc-node.max_session_memory": maxSessionMegabytes,
    "grpc.enable_channelz": 0,
  });
  raiseResetLimits(server);
  const write = createMessageWriter();
  for (const service of services) {
    server.addService(grpcDefinition(service, write), grpcHandlers(service, gate));
  }
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = createSocketListener((socket) => injector.injectConnection(socket), options.openPort);

  return {
    listen: async (address) => ({ address: await listener.listen(address) }),
    drain: (times) =>
      drainServer({ state: policy.state, calls, listener, retire: () => injector.destroy() }, times),
    async close() {
      listener.stopAccepting();
      listener.destroyAll();
      server.forceShutdown();
      await listener.empty(1_000);
    },
  };
}

/**
 * grpc-js passes these options to Node's HTTP/2 server and offers no name for the two that keep a client's cancels
 * from cutting its connection. @see test/rpc/cancel-storm.test.ts, which fails if the field is no more
 */
function raiseResetLimits(server: Server): void {
  const http2Options: unknown = Reflect.get(server, "commonServerOptions");
  if (typeof http2Options === "object" && http2Options !== null) {
    Object.assign(http2Options, { streamResetBurst, streamResetRate });
  }
}
