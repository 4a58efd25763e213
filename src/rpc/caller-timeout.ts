import { parseTimeout as parseConnectTimeout } from "@connectrpc/connect/protocol-connect";
import { parseTimeout as parseGrpcTimeout } from "@connectrpc/connect/protocol-grpc";

/**
 * Takes the caller's allowance out of the headers, in milliseconds, so that the pipeline alone keeps the time:
 * connect-es would hand a timer of weeks to Node, which fires it at once. A malformed one is left in its
 * place for connect-es to refuse.
 */
export function takeCallerTimeout(header: Headers): number | undefined {
  const { timeoutMs, name } = header.has("grpc-timeout")
    ? { ...parseGrpcTimeout(header.get("grpc-timeout"), Number.MAX_SAFE_INTEGER), name: "grpc-timeout" }
    : {
        ...parseConnectTimeout(header.get("connect-timeout-ms"), Number.MAX_SAFE_INTEGER),
        name: "connect-timeout-ms",
      };
  if (timeoutMs === undefined) return undefined;
  header.delete(name);
  return timeoutMs;
}
