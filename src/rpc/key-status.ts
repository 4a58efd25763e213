import type { Message, MessageInitShape } from "@bufbuild/protobuf";
import { KeyState } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import type { KeyStatusSchema } from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import type { KeySnapshot } from "../upstream/key-pool.ts";
import { type Clock, instantToTimestamp } from "./wire-time.ts";

/** A `KeyStatus` before it is created: the key's alias and its state, never any part of the key. */
export type KeyStatusInit = Exclude<MessageInitShape<typeof KeyStatusSchema>, Message>;

const states: Readonly<Record<KeySnapshot["state"], KeyState>> = {
  usable: KeyState.USABLE,
  cooling: KeyState.COOLING,
  quarantined: KeyState.QUARANTINED,
};

/** One key as operators see it. */
export function keyStatus(upstream: string, key: KeySnapshot, clock: Clock): KeyStatusInit {
  const readyTime = key.readyAt === undefined ? undefined : instantToTimestamp(key.readyAt, clock);
  const loadTime = instantToTimestamp(key.loadedAt, clock);
  return {
    upstream,
    keyId: key.keyId,
    state: states[key.state],
    ...(readyTime === undefined ? {} : { readyTime }),
    ...(loadTime === undefined ? {} : { loadTime }),
  };
}
