import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { StatusSchema } from "../../gen/google/rpc/status_pb.ts";
import { numberOfCode } from "./rpc-code.ts";
import type { RpcError } from "./rpc-error.ts";

/** The value of the trailer `grpc-status-details-bin` before its base64: a `google.rpc.Status`. */
export function statusDetails(error: RpcError): Uint8Array {
  const status = create(StatusSchema, {
    code: numberOfCode(error.code),
    message: error.message.toWellFormed(),
    details: error.details.map(({ schema, value }) => anyPack(schema, create(schema, value))),
  });
  return toBinary(StatusSchema, status);
}
