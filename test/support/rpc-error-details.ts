import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { RpcError } from "../../src/rpc/rpc-error.ts";

/** The first detail of this type, as a client would find it; undefined where there is none. */
export function detailOf<Desc extends DescMessage>(
  error: RpcError,
  schema: Desc,
): MessageShape<Desc> | undefined {
  const found = error.details.find((detail) => detail.schema.typeName === schema.typeName);
  // Its schema is the one asked for.
  return found === undefined ? undefined : (create(schema, found.value as never) as MessageShape<Desc>);
}

/** The error that the work ends with. Throws where it ends without one, or with one of another class. */
export async function errorOf(work: Promise<unknown>): Promise<RpcError> {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (!(error instanceof RpcError)) throw new Error("no RpcError", { cause: error });
  return error;
}
