import { create, createRegistry, toJsonString } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import type { ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  QuotaFailureSchema,
  ResourceInfoSchema,
  RetryInfoSchema,
} from "../../gen/google/rpc/error_details_pb.ts";
import { StatusSchema } from "../../gen/google/rpc/status_pb.ts";
import { RouteDecisionSchema } from "../../gen/switchyard/v1/routing_pb.ts";

const detailSchemas = [
  ErrorInfoSchema,
  BadRequestSchema,
  QuotaFailureSchema,
  ResourceInfoSchema,
  RetryInfoSchema,
  RouteDecisionSchema,
] as const;

/** A failed call as the protobuf JSON of `google.rpc.Status`. Details of types we do not know are left out. */
export function formatErrorJson(error: ConnectError): string {
  const status = create(StatusSchema, {
    code: error.code,
    message: error.rawMessage,
    details: detailSchemas.flatMap((schema) =>
      error.findDetails(schema).map((detail) => anyPack(schema, detail)),
    ),
  });
  return toJsonString(StatusSchema, status, { registry: createRegistry(...detailSchemas) });
}
