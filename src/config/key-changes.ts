import type { KeyConfig } from "./config.ts";

/** How the keys of one upstream changed. Ids only. */
export interface KeyChanges {
  readonly added: readonly string[];
  readonly retired: readonly string[];
  /** Another secret under the same id. */
  readonly rotated: readonly string[];
  /** All of them now, in order of preference. */
  readonly order: readonly string[];
}

/** What calls can tell of two lists of keys; undefined where that is nothing. Where a secret comes from is nothing. */
export function keyChanges(
  before: readonly KeyConfig[],
  after: readonly KeyConfig[],
): KeyChanges | undefined {
  const old = new Map(before.map(({ id, secret }) => [id, secret.reveal()]));
  const order = after.map(({ id }) => id);
  const added = order.filter((id) => !old.has(id));
  const retired = [...old.keys()].filter((id) => !order.includes(id));
  const rotated = after.flatMap(({ id, secret }) =>
    old.has(id) && old.get(id) !== secret.reveal() ? [id] : [],
  );
  const same = rotated.length === 0 && before.length === after.length;
  return same && before.every(({ id }, place) => id === order[place])
    ? undefined
    : { added, retired, rotated, order };
}
