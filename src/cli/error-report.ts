import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import type { ConnectError } from "@connectrpc/connect";
import { Code } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  ResourceInfoSchema,
  RetryInfoSchema,
} from "../../gen/google/rpc/error_details_pb.ts";
import { RouteDecisionSchema } from "../../gen/switchyard/v1/routing_pb.ts";
import { formatMs } from "./duration.ts";
import { adviceFor } from "./reason-advice.ts";
import { formatTrail } from "./trail.ts";

/** A failed call for a person: code and reason, the fields at fault, what to do, the attempts, the trace id. */
export function formatCallError(error: ConnectError, baseUrl: string): string {
  const info = firstDetail(error, ErrorInfoSchema);
  if (info === undefined && error.code === Code.Canceled) return "cancelled";
  if (info === undefined && isUnreachable(error)) {
    return (
      `error: no gateway answers at ${baseUrl}\n` +
      "  do: start it with `npm start` (or `npx switchyard serve`), or pass --address host:port"
    );
  }
  const route = firstDetail(error, RouteDecisionSchema);
  const retry = firstDetail(error, RetryInfoSchema);
  const advice = info === undefined ? undefined : adviceFor(info.reason);
  const traceId = route?.traceId || error.metadata.get("x-trace-id") || undefined;
  return [
    `error: ${codeName(error.code)}${info === undefined ? "" : ` ${info.reason}`}: ${error.rawMessage}`,
    ...error
      .findDetails(BadRequestSchema)
      .flatMap(({ fieldViolations }) => fieldViolations)
      .map(({ field, description }) => `  field: ${field}: ${description}`),
    ...resourceLines(error),
    ...(info?.metadata["suggestions"] ? [`  did you mean: ${info.metadata["suggestions"]}`] : []),
    ...(retry?.retryDelay === undefined ? [] : [`  again in: ${formatMs(durationMs(retry.retryDelay))}`]),
    ...(advice === undefined ? [] : [`  do: ${advice}`]),
    ...(route === undefined || route.attempts.length === 0
      ? []
      : ["  attempts:", formatTrail(route, "    ")]),
    ...(traceId === undefined ? [] : [`  trace: ${traceId}`]),
  ].join("\n");
}

/** A status code by its gRPC name. */
export function codeName(code: Code): string {
  const name = Code[code] ?? `${code}`;
  return code === Code.Canceled ? "CANCELLED" : name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
}

function firstDetail<Desc extends DescMessage>(
  error: ConnectError,
  schema: Desc,
): MessageShape<Desc> | undefined {
  return error.findDetails(schema)[0];
}

function resourceLines(error: ConnectError): readonly string[] {
  return error
    .findDetails(ResourceInfoSchema)
    .filter(({ description }) => description !== "")
    .map(({ resourceName, description }) => `  ${resourceName}: ${description}`);
}

const connectCodes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EPROTO",
]);

/** Whether no connection came about, or what answered speaks no HTTP/2. */
function isUnreachable(error: ConnectError): boolean {
  let cause: unknown = error.cause;
  for (let depth = 0; cause instanceof Error && depth < 8; depth += 1) {
    const code = "code" in cause ? String(cause.code) : "";
    if (connectCodes.has(code) || code.startsWith("ERR_HTTP2")) return true;
    cause = cause.cause;
  }
  return false;
}
