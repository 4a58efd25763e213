import {
  create,
  fromBinary,
  type MessageInitShape,
  toBinary,
  type DescMethod,
  type Message,
} from "@bufbuild/protobuf";
import { ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  compressionGzip,
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { StatusSchema } from "../../gen/google/rpc/status_pb.ts";
import {
  GatewayService,
  type ChatRequestSchema,
  type ChatStreamRequestSchema,
} from "../../gen/switchyard/v1/gateway_service_pb.ts";
import { Role } from "../../gen/switchyard/v1/content_pb.ts";
import type { RpcWorld } from "./rpc-world.ts";

/** How a call ended, in the same words for every client library. */
export interface CallOutcome {
  /** gRPC's number; 0 is OK. */
  readonly code: number;
  readonly message: string;
  /** `type: reason` of each detail, or the type alone. */
  readonly details: readonly string[];
  /** What was answered: the events' cases of a stream, the text of a unary answer. */
  readonly answer: readonly string[];
  readonly header: (name: string) => string | undefined;
  readonly trailer: (name: string) => string | undefined;
}

export interface CallOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
  readonly onEvent?: (event: string) => void;
}

/** A client of one library, protocol and listener. */
export interface RpcClient {
  readonly name: string;
  readonly listener: "connect" | "grpc";
  readonly chat: (
    request: MessageInitShape<typeof ChatRequestSchema>,
    options?: CallOptions,
  ) => Promise<CallOutcome>;
  readonly chatStream: (
    request: MessageInitShape<typeof ChatStreamRequestSchema>,
    options?: CallOptions,
  ) => Promise<CallOutcome>;
  readonly close: () => void;
}

/** Every combination of library, protocol, HTTP version and listener that we hold to the same answers. */
export function interopClients(world: Pick<RpcWorld, "connect" | "grpc">): readonly RpcClient[] {
  const base = `http://${world.connect}`;
  const h2 = (): Http2SessionManager => new Http2SessionManager(base);
  const both = [h2(), h2(), h2(), new Http2SessionManager(`http://${world.grpc}`)];
  const [a, b, c, d] = both as [
    Http2SessionManager,
    Http2SessionManager,
    Http2SessionManager,
    Http2SessionManager,
  ];
  const gzip = { sendCompression: compressionGzip, compressMinBytes: 1 };
  return [
    connectClient(
      "Connect JSON over HTTP/1.1",
      "connect",
      createConnectTransport({ baseUrl: base, httpVersion: "1.1", useBinaryFormat: false }),
    ),
    connectClient(
      "Connect binary gzip over HTTP/1.1",
      "connect",
      createConnectTransport({ baseUrl: base, httpVersion: "1.1", ...gzip }),
    ),
    connectClient(
      "Connect over HTTP/2",
      "connect",
      createConnectTransport({ baseUrl: base, httpVersion: "2", sessionManager: a }),
      a,
    ),
    connectClient(
      "gRPC-Web over HTTP/1.1",
      "connect",
      createGrpcWebTransport({ baseUrl: base, httpVersion: "1.1" }),
    ),
    connectClient(
      "gRPC-Web gzip over HTTP/2",
      "connect",
      createGrpcWebTransport({ baseUrl: base, httpVersion: "2", sessionManager: b, ...gzip }),
      b,
    ),
    connectClient(
      "gRPC of connect-node",
      "connect",
      createGrpcTransport({ baseUrl: base, sessionManager: c }),
      c,
    ),
    grpcJsClient("grpc-js on the Connect listener", "connect", world.connect),
    connectClient(
      "gRPC of connect-node gzip on the gRPC listener",
      "grpc",
      createGrpcTransport({ baseUrl: `http://${world.grpc}`, sessionManager: d, ...gzip }),
      d,
    ),
    grpcJsClient("grpc-js on the gRPC listener", "grpc", world.grpc),
  ];
}

export function userMessage(text: string): MessageInitShape<typeof ChatRequestSchema>["input"] {
  return { messages: [{ role: Role.USER, parts: [{ part: { case: "text", value: text } }] }] };
}

function connectClient(
  name: string,
  listener: RpcClient["listener"],
  transport: Transport,
  session?: Http2SessionManager,
): RpcClient {
  const client = createClient(GatewayService, transport);
  return {
    name,
    listener,
    async chat(request, options = {}) {
      let header = new Headers();
      let trailer = new Headers();
      try {
        const answer = await client.chat(request, {
          ...connectOptions(options),
          onHeader: (value) => (header = value),
          onTrailer: (value) => (trailer = value),
        });
        return outcome(0, "", [], [textOf(answer)], lookUp(header), lookUp(trailer));
      } catch (cause) {
        return fromConnectError(cause, []);
      }
    },
    async chatStream(request, options = {}) {
      const events: string[] = [];
      let header = new Headers();
      let trailer = new Headers();
      try {
        const stream = client.chatStream(request, {
          ...connectOptions(options),
          onHeader: (value) => (header = value),
          onTrailer: (value) => (trailer = value),
        });
        for await (const { event } of stream) {
          events.push(String(event.case));
          options.onEvent?.(String(event.case));
        }
        return outcome(0, "", [], events, lookUp(header), lookUp(trailer));
      } catch (cause) {
        return fromConnectError(cause, events);
      }
    },
    close: () => session?.abort(),
  };
}

function connectOptions({ timeoutMs, signal, headers }: CallOptions) {
  return {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(signal === undefined ? {} : { signal }),
    ...(headers === undefined ? {} : { headers }),
  };
}

function fromConnectError(cause: unknown, answer: readonly string[]): CallOutcome {
  const error = ConnectError.from(cause);
  const details = error.details.map((detail) =>
    "type" in detail ? describeDetail(detail.type, detail.value) : detail.desc.typeName,
  );
  const look = lookUp(error.metadata);
  return outcome(error.code, error.rawMessage, details, answer, look, look);
}

export function grpcJsClient(
  name: string,
  listener: RpcClient["listener"],
  address: string,
  channel: grpc.ClientOptions = {},
): RpcClient {
  const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    ...channel,
  });
  const chat = GatewayService.method.chat;
  const chatStream = GatewayService.method.chatStream;
  return {
    name,
    listener,
    chat: (request, options = {}) =>
      new Promise((resolve) => {
        let header = new grpc.Metadata();
        let answer: readonly string[] = [];
        const call = client.makeUnaryRequest(
          path(chat),
          (message: Message) => Buffer.from(toBinary(chat.input, message as never)),
          (bytes) => fromBinary(chat.output, bytes),
          create(chat.input, request),
          toMetadata(options.headers),
          grpcOptions(options),
          (_error, response) => {
            if (response !== undefined) answer = [textOf(response)];
          },
        );
        options.signal?.addEventListener("abort", () => call.cancel());
        call.on("metadata", (metadata) => (header = metadata));
        call.on("status", (status) => setImmediate(() => resolve(fromGrpcStatus(status, answer, header))));
      }),
    chatStream: (request, options = {}) =>
      new Promise((resolve) => {
        let header = new grpc.Metadata();
        const events: string[] = [];
        const call = client.makeServerStreamRequest(
          path(chatStream),
          (message: Message) => Buffer.from(toBinary(chatStream.input, message as never)),
          (bytes) => fromBinary(chatStream.output, bytes),
          create(chatStream.input, request),
          toMetadata(options.headers),
          grpcOptions(options),
        );
        options.signal?.addEventListener("abort", () => call.cancel());
        call.on("metadata", (metadata) => (header = metadata));
        call.on("data", ({ event }: { event: { case: string } }) => {
          events.push(event.case);
          options.onEvent?.(event.case);
        });
        call.on("error", () => {});
        call.on("status", (status) => setImmediate(() => resolve(fromGrpcStatus(status, events, header))));
      }),
    close: () => client.close(),
  };
}

function path(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function grpcOptions({ timeoutMs }: CallOptions): grpc.CallOptions {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}

function toMetadata(headers: Readonly<Record<string, string>> = {}): grpc.Metadata {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return metadata;
}

function fromGrpcStatus(
  status: grpc.StatusObject,
  answer: readonly string[],
  header: grpc.Metadata,
): CallOutcome {
  const [bytes] = status.metadata.get("grpc-status-details-bin");
  const details =
    bytes instanceof Buffer
      ? fromBinary(StatusSchema, bytes).details.map(({ typeUrl, value }) => describeDetail(typeUrl, value))
      : [];
  const message = status.code === grpc.status.OK ? "" : status.details;
  return outcome(status.code, message, details, answer, fromMetadata(header), fromMetadata(status.metadata));
}

function fromMetadata(metadata: grpc.Metadata): (name: string) => string | undefined {
  return (name) => metadata.get(name)[0]?.toString();
}

function describeDetail(typeUrl: string, value: Uint8Array): string {
  const type = typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
  return type === ErrorInfoSchema.typeName ? `${type}: ${fromBinary(ErrorInfoSchema, value).reason}` : type;
}

function lookUp(headers: Headers): (name: string) => string | undefined {
  return (name) => headers.get(name) ?? undefined;
}

function outcome(
  code: number,
  message: string,
  details: readonly string[],
  answer: readonly string[],
  header: CallOutcome["header"],
  trailer: CallOutcome["trailer"],
): CallOutcome {
  return { code, message, details, answer, header, trailer };
}

function textOf(response: {
  choices: { message?: { parts: { part: { value?: unknown } }[] } | undefined }[];
}): string {
  return String(response.choices[0]?.message?.parts[0]?.part.value);
}
