import {
  create,
  type DescMessage,
  type DescMethod,
  type DescMethodBiDiStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type DescService,
  type Message,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import type { CallContext } from "./call-context.ts";

/** A service with its handlers, ready to be mounted on any server. */
export interface RpcService {
  readonly desc: DescService;
  readonly methods: readonly RpcMethod[];
}

/** One method, its message types erased: what the servers and the pipeline between them handle. */
export type RpcMethod = RpcMethodFacts &
  (
    | {
        readonly kind: "unary";
        readonly invoke: (request: Message, context: CallContext) => Promise<Message>;
      }
    | {
        readonly kind: "server_streaming";
        readonly invoke: (request: Message, context: CallContext) => AsyncIterable<Message>;
      }
    | {
        readonly kind: "bidi_streaming";
        readonly invoke: (requests: AsyncIterable<Message>, context: CallContext) => AsyncIterable<Message>;
      }
  );

interface RpcMethodFacts {
  readonly desc: DescMethod;
  /** `switchyard.v1.GatewayService/Chat`. */
  readonly name: string;
  /**
   * True for what probes and tools call (health, reflection): never refused for load or drain, and
   * a stream of it may stay open for ever.
   */
  readonly infrastructure: boolean;
}

/** The handlers of a service, by the method's name in lower camel case. */
export type RpcHandlers<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]: RpcHandler<Service["method"][Name]>;
};

type RpcHandler<Method extends DescMethod> =
  Method extends DescMethodUnary<infer I, infer O>
    ? (request: MessageShape<I>, context: CallContext) => Promise<MessageInitShape<O>>
    : Method extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageShape<I>, context: CallContext) => AsyncIterable<MessageInitShape<O>>
      : Method extends DescMethodBiDiStreaming<infer I, infer O>
        ? (
            requests: AsyncIterable<MessageShape<I>>,
            context: CallContext,
          ) => AsyncIterable<MessageInitShape<O>>
        : never;

/** Binds handlers to a service. Each fails by throwing {@link RpcError}; anything else thrown is a bug. */
export function defineService<Service extends DescService>(
  desc: Service,
  handlers: RpcHandlers<Service>,
  options: { readonly infrastructure?: boolean } = {},
): RpcService {
  const infrastructure = options.infrastructure ?? false;
  // The mapped type above ties each handler to its method; here both are only known by name.
  const byName = handlers as unknown as Readonly<Record<string, ErasedHandler>>;
  const methods = desc.methods.map((method) => erase(method, byName[method.localName], infrastructure));
  return { desc, methods };
}

type ErasedHandler = (request: unknown, context: CallContext) => unknown;

function erase(desc: DescMethod, handler: ErasedHandler | undefined, infrastructure: boolean): RpcMethod {
  if (handler === undefined) throw new Error(`no handler for ${desc.parent.typeName}/${desc.name}`);
  const facts = { desc, name: `${desc.parent.typeName}/${desc.name}`, infrastructure };
  switch (desc.methodKind) {
    case "unary":
      return {
        ...facts,
        kind: "unary",
        invoke: async (request, context) =>
          complete(desc.output, await (handler(request, context) as Promise<MessageInitShape<DescMessage>>)),
      };
    case "server_streaming":
    case "bidi_streaming":
      return {
        ...facts,
        kind: desc.methodKind,
        invoke: (request: unknown, context: CallContext) =>
          completeEach(
            desc.output,
            handler(request, context) as AsyncIterable<MessageInitShape<DescMessage>>,
          ),
      };
    case "client_streaming":
      throw new Error(`${facts.name}: no service of ours streams requests for one answer`);
  }
}

function complete(schema: DescMessage, value: MessageInitShape<DescMessage>): Message {
  return create(schema, value);
}

function completeEach(
  schema: DescMessage,
  values: AsyncIterable<MessageInitShape<DescMessage>>,
): AsyncIterable<Message> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = values[Symbol.asyncIterator]();
      return {
        next: () => iterator.next().then((result) => completeResult(schema, result)),
        async return() {
          await iterator.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

function completeResult(
  schema: DescMessage,
  result: IteratorResult<MessageInitShape<DescMessage>>,
): IteratorResult<Message, undefined> {
  return result.done === true
    ? { done: true, value: undefined }
    : { done: false, value: complete(schema, result.value) };
}
