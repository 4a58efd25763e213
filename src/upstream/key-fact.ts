import { heldUntil, type KeyBlock } from "./key-block.ts";
import type { KeyFact } from "./key-pool.ts";
import { forModel, type KeyForModel, type KeyState } from "./key-state.ts";

/** Until when each kind of fact holds, of one key for one model. */
type FactEnds = Readonly<Record<KeyFact["why"], number>>;

const whysOfKey = ["unauthorized", "quota-exhausted"] as const;
const whysOfModel = ["forbidden", "rate-limited"] as const;

/**
 * What others should know of a key whose state has changed: all that now holds for longer.
 * @param before the {@link factEnds} from before the change
 */
export function factsSince(
  before: FactEnds,
  key: KeyState,
  model: KeyForModel,
  upstreamModel: string,
  now: number,
): readonly KeyFact[] {
  const after = factEnds(key, model);
  const { id: keyId, fingerprint } = key.identity;
  const lasting = (why: KeyFact["why"]): boolean => after[why] > Math.max(before[why], now);
  const facts: KeyFact[] = [];
  for (const why of whysOfKey)
    if (lasting(why)) facts.push({ keyId, fingerprint, ttlMs: after[why] - now, why });
  for (const why of whysOfModel)
    if (lasting(why)) facts.push({ keyId, fingerprint, ttlMs: after[why] - now, why, upstreamModel });
  return facts;
}

/** Applies what another process learned of this key. @param order place of its arrival among picks and refusals */
export function applyFact(key: KeyState, fact: KeyFact, order: number, now: number): void {
  const held = (block: KeyBlock): KeyBlock => heldUntil(block, now + fact.ttlMs, order);
  switch (fact.why) {
    case "unauthorized":
      key.quarantine = held(key.quarantine);
      break;
    case "quota-exhausted":
      key.rest = held(key.rest);
      break;
    case "forbidden": {
      const model = forModel(key, fact.upstreamModel);
      model.quarantine = held(model.quarantine);
      break;
    }
    case "rate-limited": {
      const model = forModel(key, fact.upstreamModel);
      model.cooldown = held(model.cooldown);
    }
  }
}

/** Until when what others should know of a key holds. */
export function factEnds({ quarantine, rest }: KeyState, model: KeyForModel): FactEnds {
  return {
    unauthorized: quarantine.until,
    "quota-exhausted": rest.until,
    forbidden: model.quarantine.until,
    "rate-limited": model.cooldown.until,
  };
}
