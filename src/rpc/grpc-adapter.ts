import { fromBinary, type Message } from "@bufbuild/protobuf";
import type {
  MethodDefinition,
  sendUnaryData,
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { GrpcExchange, GrpcGate } from "./grpc-gate.ts";
import { toGrpcStatus } from "./grpc-status.ts";
import type { WriteMessage } from "./message-writer.ts";
import { RpcError } from "./rpc-error.ts";
import type { RpcMethod, RpcService } from "./rpc-service.ts";

type UnaryCall = ServerUnaryCall<Message | undefined, Message>;
type WritingCall = ServerWritableStream<Message | undefined, Message>;
type StreamCall = WritingCall | ServerDuplexStream<Message, Message>;

/** The service as grpc-js describes it. */
export function grpcDefinition({ methods }: RpcService, write: WriteMessage): ServiceDefinition {
  return Object.fromEntries(methods.map((method) => [method.desc.name, grpcMethod(method, write)]));
}

/** Its handlers, which run through the pipeline that the gate opened. */
export function grpcHandlers({ methods }: RpcService, gate: GrpcGate): UntypedServiceImplementation {
  return Object.fromEntries(
    methods.map((method) => {
      switch (method.kind) {
        case "unary":
          return [
            method.desc.name,
            (call: UnaryCall, callback: sendUnaryData<Message>) =>
              void serveUnary(gate.takeExchange(call.metadata), call, callback),
          ];
        case "server_streaming":
          return [
            method.desc.name,
            (call: WritingCall) =>
              void serveStream(gate.takeExchange(call.metadata), call, takeRequest(call)),
          ];
        case "bidi_streaming":
          return [
            method.desc.name,
            (call: ServerDuplexStream<Message, Message>) =>
              void serveStream(gate.takeExchange(call.metadata), call, requestsOf(call)),
          ];
      }
    }),
  );
}

/** Once: the surface outlives its call until the next full collection, and would its request (young-garbage.test.ts). */
function takeRequest(surface: UnaryCall | WritingCall): Message {
  const { request } = surface;
  if (request === undefined) throw new Error("the request of a call was taken twice");
  surface.request = undefined;
  return request;
}

/** Plain iteration would destroy the stream at the end of the requests, and with it the way of the answers. */
function requestsOf(call: ServerDuplexStream<Message, Message>): AsyncIterable<Message> {
  return call.iterator({ destroyOnReturn: false });
}

function grpcMethod(
  { name, kind, desc }: RpcMethod,
  write: WriteMessage,
): MethodDefinition<Message, Message> {
  return {
    path: `/${name}`,
    requestStream: kind === "bidi_streaming",
    responseStream: kind !== "unary",
    requestSerialize: (message) => write(desc.input, message),
    requestDeserialize: (bytes) => fromBinary(desc.input, bytes),
    responseSerialize: (message) => write(desc.output, message),
    responseDeserialize: (bytes) => fromBinary(desc.output, bytes),
  };
}

async function serveUnary(
  { call, headers, trailers }: GrpcExchange,
  surface: UnaryCall,
  callback: sendUnaryData<Message>,
): Promise<void> {
  try {
    const answer = await call.unary(takeRequest(surface));
    surface.sendMetadata(headers);
    callback(null, answer, trailers);
  } catch (cause) {
    callback(statusOf(cause, call, trailers));
  }
}

async function serveStream(
  { call, headers, trailers }: GrpcExchange,
  surface: StreamCall,
  request: Message | AsyncIterable<Message>,
): Promise<void> {
  const messages = call.stream(request);
  try {
    let started = false;
    for await (const message of messages) {
      // Headers leave with the first message, so that a failure before it is Trailers-Only.
      if (!started) surface.sendMetadata(headers);
      started = true;
      if (!surface.write(message)) await drained(surface);
      if (surface.destroyed) return;
    }
    surface.end(trailers);
  } catch (cause) {
    // How grpc-js takes a status from the handler of a stream; it does not become an `error` of the process.
    surface.emit("error", statusOf(cause, call, trailers));
  }
}

function statusOf(cause: unknown, call: GrpcExchange["call"], trailers: GrpcExchange["trailers"]) {
  return toGrpcStatus(cause instanceof RpcError ? cause : call.fail(cause), trailers);
}

function drained(surface: StreamCall): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      surface.off("drain", done);
      surface.off("close", done);
      surface.off("cancelled", done);
      resolve();
    };
    surface.on("drain", done);
    surface.on("close", done);
    surface.on("cancelled", done);
    if (surface.destroyed || surface.cancelled) done();
  });
}
