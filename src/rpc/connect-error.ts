import { ConnectError, type Code } from "@connectrpc/connect";
import { numberOfCode } from "./rpc-code.ts";
import type { RpcError } from "./rpc-error.ts";

/** The error as connect-es sends it; its trailers leave as trailers, or as headers where a protocol has none. */
export function toConnectError(error: RpcError): ConnectError {
  return new ConnectError(
    error.message.toWellFormed(),
    numberOfCode(error.code) satisfies number as Code,
    new Headers(error.trailers),
    error.details.map(({ schema, value }) => ({ desc: schema, value })),
    error.cause,
  );
}
