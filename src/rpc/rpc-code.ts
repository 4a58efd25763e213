import type { RpcCode } from "./rpc-error.ts";

// In the order of their numbers on the wire, from 1; OK is 0. connect-es uses the same numbers.
// https://grpc.io/docs/guides/status-codes/
const codes: readonly RpcCode[] = [
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

/** Number of a code on the wire. */
export function numberOfCode(code: RpcCode): number {
  return codes.indexOf(code) + 1;
}

/** The code of a number; UNKNOWN for one that gRPC does not define. */
export function codeOfNumber(number: number): RpcCode {
  return codes[number - 1] ?? "UNKNOWN";
}
