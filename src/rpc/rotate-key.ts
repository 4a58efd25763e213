import { ResourceInfoSchema } from "../../gen/google/rpc/error_details_pb.ts";
import type { RotateKeyRequest } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import type { Fleet } from "../attempt/fleet.ts";
import type { Config } from "../config/config.ts";
import { closestNames } from "../routing/closest-names.ts";
import type { KeyDesk } from "../upstream/key-rotation.ts";
import { clipText } from "./clip-text.ts";
import { errorInfo } from "./error-info.ts";
import { keyStatus, type KeyStatusInit } from "./key-status.ts";
import { RpcError } from "./rpc-error.ts";
import type { Clock } from "./wire-time.ts";

/** What keys are listed from. */
export interface KeySources {
  readonly config: Pick<Config, "upstreams">;
  readonly fleet: Pick<Fleet, "upstream">;
  readonly clock: Clock;
}

/** Every key as it stands, upstream by upstream. */
export function listKeys({ config, fleet, clock }: KeySources): readonly KeyStatusInit[] {
  return [...config.upstreams.keys()].flatMap((name) =>
    fleet
      .upstream(name)
      .keys.snapshot()
      .map((key) => keyStatus(name, key, clock)),
  );
}

/**
 * Reads one key's source again, and tells how the key stands then. NOT_FOUND for one that does not serve;
 * FAILED_PRECONDITION where its source holds no key, and then it keeps the secret it had.
 */
export async function rotateKey(
  { upstream, keyId }: RotateKeyRequest,
  sources: KeySources & { readonly keys: Pick<KeyDesk, "rotate"> },
): Promise<KeyStatusInit> {
  const rotated = await sources.keys.rotate(upstream, keyId);
  switch (rotated.kind) {
    case "read": {
      const status = listKeys(sources).find((key) => key.upstream === upstream && key.keyId === keyId);
      // Retired while the answer was on its way.
      if (status === undefined) throw unknownKey(upstream, keyId, sources);
      return status;
    }
    case "kept":
      throw new RpcError(
        "FAILED_PRECONDITION",
        `key ${keyId} of ${upstream} keeps the secret it had: its source ${rotated.why}`,
        [errorInfo("KEY_MALFORMED", { upstream, key_id: keyId })],
      );
    case "unknown":
      throw unknownKey(upstream, keyId, sources);
  }
}

function unknownKey(upstream: string, keyId: string, sources: KeySources): RpcError {
  const known = listKeys(sources).map((key) => `${key.upstream}/${key.keyId}`);
  const name = `${upstream}/${keyId}`;
  const suggestions = closestNames(name, known).join(", ");
  return new RpcError("NOT_FOUND", `no key ${JSON.stringify(clipText(name, 100))} serves`, [
    errorInfo("KEY_NOT_FOUND", suggestions === "" ? {} : { suggestions }),
    { schema: ResourceInfoSchema, value: { resourceType: "key", resourceName: clipText(name, 200) } },
  ]);
}
