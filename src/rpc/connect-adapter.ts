import {
  type ContextKey,
  createConnectRouter,
  createContextKey,
  type HandlerContext,
} from "@connectrpc/connect";
import { compressionBrotli, compressionGzip } from "@connectrpc/connect-node";
import type { DescMethodBiDiStreaming, DescMethodServerStreaming, DescMethodUnary } from "@bufbuild/protobuf";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { toConnectError } from "./connect-error.ts";
import type { OpenCall } from "./open-call.ts";
import { RpcError } from "./rpc-error.ts";
import type { RpcMethod, RpcService } from "./rpc-service.ts";
import { libraryError } from "./server-error.ts";

/** What the HTTP side knows of one request, and what the RPC side makes of it. */
export interface ConnectExchange {
  /** Starts the call once the protocol is known; may throw an {@link RpcError} that refuses it unread. */
  open(method: RpcMethod, context: HandlerContext): OpenCall;
  /** Set once it started. */
  call: OpenCall | undefined;
  /** Set where the request is refused for its size. */
  tooLarge: boolean;
}

/** The key under which the exchange travels through connect-es. */
export const exchangeKey: ContextKey<ConnectExchange | undefined> = createContextKey<
  ConnectExchange | undefined
>(undefined, { description: "the exchange" });

/** connect-es's handlers, which speak Connect, gRPC and gRPC-Web, by request path: `/switchyard.v1.GatewayService/Chat`. */
export function connectRoutes(
  services: readonly RpcService[],
  maxRequestBytes: number,
): ReadonlyMap<string, UniversalHandler> {
  const routes = new Map<string, UniversalHandler>();
  for (const method of services.flatMap(({ methods }) => methods)) {
    const router = createConnectRouter({
      acceptCompression: [compressionGzip, compressionBrotli],
      readMaxBytes: maxRequestBytes,
      requestGate: (context) => openExchange(method, context, maxRequestBytes),
    });
    mount(router, method);
    for (const handle of router.handlers) routes.set(handle.requestPath, handle);
  }
  return routes;
}

function mount(router: ReturnType<typeof createConnectRouter>, method: RpcMethod): void {
  // `kind` was taken from the descriptor's own kind: see erase() in rpc-service.ts.
  switch (method.kind) {
    case "unary":
      router.rpc(method.desc as DescMethodUnary, (request, context) =>
        callOf(context).unary(request).catch(rethrow),
      );
      return;
    case "server_streaming":
      router.rpc(method.desc as DescMethodServerStreaming, (request, context) =>
        translated(callOf(context).stream(request)),
      );
      return;
    case "bidi_streaming":
      router.rpc(method.desc as DescMethodBiDiStreaming, (requests, context) =>
        translated(callOf(context).stream(requests)),
      );
  }
}

/** Runs before the body is read, so that what is refused costs no parsing. */
function openExchange(method: RpcMethod, context: HandlerContext, maxRequestBytes: number): void {
  const exchange = context.values.get(exchangeKey);
  if (exchange === undefined) throw new Error("a call without its exchange");
  let call: OpenCall;
  try {
    call = exchange.open(method, context);
  } catch (cause) {
    return rethrow(cause);
  }
  exchange.call = call;
  if (call.refusal !== undefined) throw toConnectError(call.refusal);
  const announced = Number(context.requestHeader.get("content-length") ?? 0);
  // A little more than the message: the envelope of the gRPC protocols.
  if (method.kind !== "bidi_streaming" && announced > maxRequestBytes + 5) {
    exchange.tooLarge = true;
    throw toConnectError(call.fail(libraryError("RESOURCE_EXHAUSTED", "", maxRequestBytes)));
  }
}

function callOf(context: HandlerContext): OpenCall {
  const call = context.values.get(exchangeKey)?.call;
  if (call === undefined) throw new Error("a call that the gate did not open");
  return call;
}

function translated<T>(messages: AsyncIterableIterator<T>): AsyncIterableIterator<T> {
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => messages.next().catch(rethrow),
    return: async () => {
      await messages.return?.();
      return { done: true, value: undefined };
    },
  };
}

function rethrow(cause: unknown): never {
  throw cause instanceof RpcError ? toConnectError(cause) : cause;
}
