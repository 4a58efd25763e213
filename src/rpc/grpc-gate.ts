import {
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type ServerListener,
  status as grpcCode,
} from "@grpc/grpc-js";
import { isOwnStatus, toGrpcStatus } from "./grpc-status.ts";
import type { IncomingCall } from "./incoming-call.ts";
import type { OpenCall } from "./open-call.ts";
import { codeOfNumber } from "./rpc-code.ts";
import type { RpcMethod } from "./rpc-service.ts";
import type { CallServer } from "./serve-call.ts";
import { internalError, libraryError } from "./server-error.ts";

/** A call between its headers and its handler. */
export interface GrpcExchange {
  readonly call: OpenCall;
  readonly headers: Metadata;
  readonly trailers: Metadata;
}

/** Opens calls when their headers arrive, before their body is parsed. */
export interface GrpcGate {
  readonly interceptor: ServerInterceptor;
  /** The call that these request headers opened; its handler takes it once. */
  readonly takeExchange: (requestHeaders: Metadata) => GrpcExchange;
}

/** The gate of one grpc-js server. */
export function createGrpcGate(
  methods: ReadonlyMap<string, RpcMethod>,
  calls: CallServer,
  maxRequestBytes: number,
): GrpcGate {
  const interceptor: ServerInterceptor = ({ path }, base) => {
    const method = methods.get(path);
    if (method === undefined) return new ServerInterceptingCall(base);
    let exchange: GrpcExchange | undefined;
    const send = base.sendStatus.bind(base);
    // grpc-js sends its own failures (too large, malformed, out of time) past every interceptor, through this
    // method of the innermost call. See interop.test.ts.
    base.sendStatus = (status) => {
      if (isOwnStatus(status)) return send(status);
      // The pipeline keeps the time, and answers with details.
      if (status.code === grpcCode.DEADLINE_EXCEEDED) return undefined;
      const error = libraryError(codeOfNumber(status.code), status.details, maxRequestBytes);
      return exchange === undefined
        ? send(status)
        : send(toGrpcStatus(exchange.call.fail(error), exchange.trailers));
    };
    const listener: ServerListener = {
      onReceiveMetadata: (metadata: OpenedMetadata, next) => {
        try {
          exchange = open(method, base, metadata, calls);
        } catch (cause) {
          // Thrown further, it would end the process and leave the caller waiting.
          return base.sendStatus(toGrpcStatus(internalError("", cause)));
        }
        const { call, trailers } = exchange;
        if (call.refusal !== undefined) return base.sendStatus(toGrpcStatus(call.refusal, trailers));
        metadata[opened] = exchange;
        next(metadata);
      },
      // Comes once at the end of every call, however it ended.
      onCancel: () => {
        exchange?.call.callerLeft();
        exchange = undefined;
        releaseListener(base);
      },
    };
    return new ServerInterceptingCall(base, { start: (next) => next(listener) });
  };

  return {
    interceptor,
    takeExchange(requestHeaders: OpenedMetadata) {
      const exchange = requestHeaders[opened];
      if (exchange === undefined) throw new Error("a call that the gate did not open");
      requestHeaders[opened] = undefined;
      return exchange;
    },
  };
}

/** Of the request headers that the handler is given again. A WeakMap would be work for each garbage collection. */
const opened = Symbol("opened");

type OpenedMetadata = Metadata & { [opened]?: GrpcExchange | undefined };

/**
 * Node keeps every HTTP/2 stream that has ended until the next full collection, and through this field of grpc-js, which
 * has no name for it, the handler, its request and all that the call was made of: each young collection would copy them.
 * @see test/rpc/young-garbage.test.ts, which fails if the field is no more
 */
function releaseListener(base: ServerInterceptingCallInterface): void {
  if ("listener" in base) base.listener = null;
}

function open(
  method: RpcMethod,
  base: ServerInterceptingCallInterface,
  metadata: Metadata,
  calls: CallServer,
): GrpcExchange {
  const headers = new Metadata();
  const trailers = new Metadata();
  const incoming: IncomingCall = {
    method,
    protocol: "grpc",
    authority: base.getHost(),
    header: (name) => {
      const values = metadata.get(name);
      const [first] = values;
      if (first === undefined) return undefined;
      return values.length === 1 ? asText(first) : values.map(asText).join(", ");
    },
    timeoutMs: callerTimeout(base.getDeadline()),
    setResponseHeader: (name, value) => headers.set(name, value),
    setResponseTrailer: (name, value) => trailers.set(name, value),
    cutOff: (error) => base.sendStatus(toGrpcStatus(error, trailers)),
  };
  return { call: calls.open(incoming), headers, trailers };
}

function asText(value: string | Buffer): string {
  return typeof value === "string" ? value : value.toString("base64");
}

function callerTimeout(deadline: Date | number): number | undefined {
  const left = Number(deadline) - Date.now();
  if (left === Number.POSITIVE_INFINITY) return undefined;
  // grpc-js keeps an allowance in 32 bits, so that one of a month lies in the past. No allowance is negative.
  return left < -1_000 ? undefined : Math.max(0, left);
}
