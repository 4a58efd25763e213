import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  ReloadConfigRequest,
  ReloadConfigResponseSchema,
} from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import type { KeyDesk } from "../upstream/key-rotation.ts";
import { invalidArgument } from "./validate-message.ts";

/** Takes up the keys of the configuration as it is now, or with `validate_only` says what that would change. */
export async function reloadConfig(
  { validateOnly }: ReloadConfigRequest,
  keys: Pick<KeyDesk, "compare" | "reload">,
): Promise<Exclude<MessageInitShape<typeof ReloadConfigResponseSchema>, { readonly $typeName: string }>> {
  const read = await (validateOnly ? keys.compare() : keys.reload("operator"));
  if (read.kind === "invalid") {
    throw invalidArgument(read.problems.map(({ path, message }) => ({ field: path, description: message })));
  }
  const { previousRevision, revision, differences, needsRestart } = read;
  return {
    previousRevision,
    revision,
    differences: [...differences],
    needsRestart: [...needsRestart],
  };
}
