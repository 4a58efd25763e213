import { ErrorInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { RpcErrorDetail } from "./rpc-error.ts";

/** Domain of every `google.rpc.ErrorInfo` of ours. */
const errorDomain = "switchyard.v1";

/** The detail that names why a call failed; every error carries one. */
export function errorInfo(reason: string, metadata: Readonly<Record<string, string>> = {}): RpcErrorDetail {
  return { schema: ErrorInfoSchema, value: { reason, domain: errorDomain, metadata: { ...metadata } } };
}
