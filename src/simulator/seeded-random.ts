import { createHash } from "node:crypto";

/** A stream of numbers in [0, 1) that its seed alone decides. */
export type Random = () => number;

/** 32 hex digits that name `text` under `seed`: the same for the same two, in every process. */
export function digestOf(seed: number, text: string): string {
  return createHash("sha256").update(`${seed}\n${text}`).digest("hex").slice(0, 32);
}

/**
 * Numbers for one purpose of one request: streams of different purposes do not disturb one another.
 * @param digest of the request, from {@link digestOf}
 */
export function randomFor(digest: string, purpose: string): Random {
  let state = Number.parseInt(digest.slice(0, 8), 16);
  for (let at = 0; at < purpose.length; at += 1) {
    state = Math.imul(state ^ purpose.charCodeAt(at), 0x01000193);
  }
  // mulberry32: 32 bits of state are enough to choose words and pauses.
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** One of `items`, undefined only for none. */
export function pick<Item>(random: Random, items: readonly Item[]): Item | undefined {
  return items[Math.floor(random() * items.length)];
}

/** A copy in random order. */
export function shuffled<Item>(random: Random, items: readonly Item[]): readonly Item[] {
  return items
    .map((item) => ({ item, order: random() }))
    .toSorted((left, right) => left.order - right.order)
    .map(({ item }) => item);
}
