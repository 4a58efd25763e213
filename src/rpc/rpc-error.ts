import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";

/** Status of a call, by its gRPC name. @see https://grpc.io/docs/guides/status-codes/ */
export type RpcCode =
  | "CANCELLED"
  | "UNKNOWN"
  | "INVALID_ARGUMENT"
  | "DEADLINE_EXCEEDED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "PERMISSION_DENIED"
  | "RESOURCE_EXHAUSTED"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "OUT_OF_RANGE"
  | "UNIMPLEMENTED"
  | "INTERNAL"
  | "UNAVAILABLE"
  | "DATA_LOSS"
  | "UNAUTHENTICATED";

/** One `google.protobuf.Any` of a status, before it is packed. */
export interface RpcErrorDetail<Desc extends DescMessage = DescMessage> {
  readonly schema: Desc;
  readonly value: MessageInitShape<Desc>;
}

/** How a handler fails. Each server's adapter translates it; nothing else chooses a wire status. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: RpcCode;
  readonly details: readonly RpcErrorDetail[];
  /** Trailers to send with it, such as `grpc-retry-pushback-ms`. */
  readonly trailers: Readonly<Record<string, string>>;

  constructor(
    code: RpcCode,
    message: string,
    details: readonly RpcErrorDetail[] = [],
    trailers: Readonly<Record<string, string>> = {},
    cause?: unknown,
  ) {
    super(message, { cause });
    this.code = code;
    this.details = details;
    this.trailers = trailers;
  }
}
