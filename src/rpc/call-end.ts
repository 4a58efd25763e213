import { RpcError } from "./rpc-error.ts";

/** Why a call's signal aborted. */
export type CallEnd = "cancelled" | "deadline-exceeded" | "draining";

/** Why this signal of a call context aborted; undefined while it has not. */
export function callEnd(signal: AbortSignal): CallEnd | undefined {
  if (!signal.aborted) return undefined;
  const reason: unknown = signal.reason;
  if (!(reason instanceof RpcError)) return "cancelled";
  switch (reason.code) {
    case "DEADLINE_EXCEEDED":
      return "deadline-exceeded";
    case "UNAVAILABLE":
    case "ABORTED":
      return "draining";
    default:
      return "cancelled";
  }
}
