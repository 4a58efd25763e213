import { RetryInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import { clipText } from "./clip-text.ts";
import { errorInfo } from "./error-info.ts";
import { type RpcCode, RpcError } from "./rpc-error.ts";

const retryAfterDrainMs = 1_000;

/** The caller's or the server's own deadline is spent, and no answer came from the handler. */
export function deadlineExceeded(allowanceMs: number): RpcError {
  const allowance = Math.max(0, Math.round(allowanceMs));
  return new RpcError(
    "DEADLINE_EXCEEDED",
    `no answer within the deadline of ${allowance} ms: allow more time or ask for less`,
    [errorInfo("DEADLINE_EXCEEDED", { deadline_ms: String(allowance) })],
  );
}

/** The caller went away. */
export function callerCancelled(): RpcError {
  return new RpcError("CANCELLED", "the caller cancelled the call", [errorInfo("CANCELLED")]);
}

/**
 * The gateway is about to stop: another replica, or this one after its restart, can serve the call.
 * ABORTED once content was sent, so that no client repeats it unasked.
 */
export function draining(contentSent: boolean): RpcError {
  return new RpcError(
    contentSent ? "ABORTED" : "UNAVAILABLE",
    "the gateway is shutting down: call again",
    [
      errorInfo("GATEWAY_DRAINING", { content_sent: String(contentSent) }),
      {
        schema: RetryInfoSchema,
        value: { retryDelay: { seconds: BigInt(retryAfterDrainMs / 1_000), nanos: 0 } },
      },
    ],
    { "grpc-retry-pushback-ms": String(retryAfterDrainMs) },
  );
}

/** A bug of ours: the caller learns the trace id and nothing else. */
export function internalError(traceId: string, cause: unknown): RpcError {
  return new RpcError(
    "INTERNAL",
    "internal error",
    [errorInfo("INTERNAL", { trace_id: traceId })],
    {},
    cause,
  );
}

// What connect-es and grpc-js say of a request that they cannot read, and call INTERNAL.
const unreadable = /decompress|deserializ|parse binary|grpc-timeout/i;

/**
 * An error that the server library made by itself, before or instead of the handler: the same code and details
 * whichever library it was. A plain Error where it is a bug of ours. @see test/rpc/interop.test.ts
 */
export function libraryError(code: RpcCode, message: string, maxRequestBytes: number): Error {
  switch (code) {
    case "RESOURCE_EXHAUSTED":
      return new RpcError(
        "RESOURCE_EXHAUSTED",
        `the request is larger than ${maxRequestBytes} bytes: send less`,
        [errorInfo("REQUEST_TOO_LARGE", { max_request_bytes: String(maxRequestBytes) })],
      );
    case "CANCELLED":
      return callerCancelled();
    case "UNIMPLEMENTED":
      return new RpcError("UNIMPLEMENTED", clipText(message, 200), [errorInfo("UNIMPLEMENTED")]);
    case "INVALID_ARGUMENT":
      return new RpcError("INVALID_ARGUMENT", clipText(message, 200), [errorInfo("INVALID_REQUEST")]);
    default:
      return unreadable.test(message)
        ? new RpcError("INVALID_ARGUMENT", `the request cannot be read: ${clipText(message, 150)}`, [
            errorInfo("INVALID_REQUEST"),
          ])
        : new Error(message);
  }
}
