import {
  Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  status as grpcCode,
} from "@grpc/grpc-js";
import { isOwnStatus, toGrpcStatus } from "./grpc-status.ts";
import type { IncomingCall } from "./incoming-call.ts";
import type { OpenCall } from "./open-call.ts";
import { codeOfNumber } from "./rpc-code.ts";
import type { RpcError } from "./rpc-error.ts";
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
  const door: Door = { calls, maxRequestBytes };
  return {
    interceptor({ path }, base) {
      const method = methods.get(path);
      return method === undefined ? new ServerInterceptingCall(base) : new GatedCall(base, method, door);
    },
    takeExchange(requestHeaders: OpenedMetadata) {
      const exchange = requestHeaders[opened];
      if (exchange === undefined) throw new Error("a call that the gate did not open");
      requestHeaders[opened] = undefined;
      return exchange;
    },
  };
}

/** What the calls of one server share. */
interface Door {
  readonly calls: CallServer;
  readonly maxRequestBytes: number;
}

/** Of the request headers that the handler is given again. A WeakMap would be work for each garbage collection. */
const opened = Symbol("opened");

type OpenedMetadata = Metadata & { [opened]?: GrpcExchange | undefined };

/** grpc-js has no name for them. */
type CallListener = Parameters<ServerInterceptingCallInterface["start"]>[0];
type CallStatus = Parameters<ServerInterceptingCallInterface["sendStatus"]>[0];

/**
 * Stands between a call of grpc-js and its handler, and is the listener of the first. What it lets through goes straight
 * through: the library's own way makes a function of each event and message, for interceptors that wait.
 */
class GatedCall extends ServerInterceptingCall implements CallListener {
  readonly #base: ServerInterceptingCallInterface;
  readonly #method: RpcMethod;
  readonly #door: Door;
  readonly #send: (status: CallStatus) => void;
  #handler: CallListener | undefined;
  #exchange: GrpcExchange | undefined;

  constructor(base: ServerInterceptingCallInterface, method: RpcMethod, door: Door) {
    super(base);
    this.#base = base;
    this.#method = method;
    this.#door = door;
    this.#send = base.sendStatus.bind(base);
    // grpc-js sends its own failures (too large, malformed, out of time) past every interceptor, through this
    // method of the innermost call. See interop.test.ts.
    base.sendStatus = (status) => this.sendStatus(status);
  }

  override start(handler: CallListener): void {
    this.#handler = handler;
    this.#base.start(this);
  }

  onReceiveMetadata(metadata: OpenedMetadata): void {
    try {
      this.#exchange = open(this.#method, this.#base, metadata, this.#door.calls);
    } catch (cause) {
      // Thrown further, it would end the process and leave the caller waiting.
      this.sendStatus(toGrpcStatus(internalError("", cause)));
      return;
    }
    const { call, trailers } = this.#exchange;
    if (call.refusal !== undefined) {
      this.sendStatus(toGrpcStatus(call.refusal, trailers));
      return;
    }
    metadata[opened] = this.#exchange;
    this.#handler?.onReceiveMetadata(metadata);
  }

  onReceiveMessage(message: unknown): void {
    this.#handler?.onReceiveMessage(message);
  }

  onReceiveHalfClose(): void {
    this.#handler?.onReceiveHalfClose();
  }

  /** Comes once at the end of every call, however it ended; nothing comes or goes after it. */
  onCancel(): void {
    const handler = this.#handler;
    this.#exchange?.call.callerLeft();
    this.#exchange = undefined;
    this.#handler = undefined;
    release(this.#base);
    handler?.onCancel();
  }

  override sendMetadata(metadata: Metadata): void {
    this.#base.sendMetadata(metadata);
  }

  override sendMessage(message: unknown, sent: () => void): void {
    this.#base.sendMessage(message, sent);
  }

  override sendStatus(status: CallStatus): void {
    if (isOwnStatus(status)) {
      this.#send(status);
      return;
    }
    // The pipeline keeps the time, and answers with details.
    if (status.code === grpcCode.DEADLINE_EXCEEDED) return;
    const error = libraryError(codeOfNumber(status.code), status.details, this.#door.maxRequestBytes);
    this.#send(
      this.#exchange === undefined
        ? status
        : toGrpcStatus(this.#exchange.call.fail(error), this.#exchange.trailers),
    );
  }
}

/**
 * Node keeps every HTTP/2 stream that has ended until the next full collection, and through these members of grpc-js,
 * which has no name for the first, the handler, its request and all that the call was made of: each young collection
 * would copy them.
 * @see test/rpc/young-garbage.test.ts, which fails if the field is no more
 */
function release(base: ServerInterceptingCallInterface): void {
  if ("listener" in base) base.listener = null;
  base.sendStatus = sendNothing;
}

function sendNothing(): void {}

function open(
  method: RpcMethod,
  base: ServerInterceptingCallInterface,
  metadata: Metadata,
  calls: CallServer,
): GrpcExchange {
  const incoming = new GrpcIncomingCall(method, base, metadata);
  const { headers, trailers } = incoming;
  return { call: calls.open(incoming), headers, trailers };
}

class GrpcIncomingCall implements IncomingCall {
  readonly method: RpcMethod;
  readonly protocol = "grpc";
  readonly authority: string;
  readonly timeoutMs: number | undefined;
  readonly headers = new Metadata();
  readonly trailers = new Metadata();
  readonly header: IncomingCall["header"];
  readonly #base: ServerInterceptingCallInterface;

  constructor(method: RpcMethod, base: ServerInterceptingCallInterface, metadata: Metadata) {
    this.method = method;
    this.authority = base.getHost();
    this.timeoutMs = callerTimeout(base.getDeadline());
    this.header = (name) => headerText(metadata, name);
    this.#base = base;
  }

  setResponseHeader(name: string, value: string): void {
    this.headers.set(name, value);
  }

  setResponseTrailer(name: string, value: string): void {
    this.trailers.set(name, value);
  }

  cutOff(error: RpcError): void {
    this.#base.sendStatus(toGrpcStatus(error, this.trailers));
  }
}

function headerText(metadata: Metadata, name: string): string | undefined {
  const values = metadata.get(name);
  const [first] = values;
  if (first === undefined) return undefined;
  return values.length === 1 ? asText(first) : values.map(asText).join(", ");
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
