import { Metadata, type StatusObject } from "@grpc/grpc-js";
import { numberOfCode } from "./rpc-code.ts";
import type { RpcError } from "./rpc-error.ts";
import { statusDetails } from "./status-details.ts";

const detailsName = "grpc-status-details-bin";

/** The error as grpc-js sends it. Its name for the message is `details`. */
export function toGrpcStatus(error: RpcError, trailers: Metadata = new Metadata()): StatusObject {
  const metadata = trailers.clone();
  for (const [name, value] of Object.entries(error.trailers)) metadata.set(name, value);
  metadata.set(detailsName, Buffer.from(statusDetails(error)));
  return { code: numberOfCode(error.code), details: error.message.toWellFormed(), metadata };
}

/** False for a status that grpc-js made by itself: every error of ours carries details. */
export function isOwnStatus({
  code,
  metadata,
}: {
  code: number;
  metadata?: Metadata | null | undefined;
}): boolean {
  return code === 0 || (metadata?.get(detailsName).length ?? 0) > 0;
}
