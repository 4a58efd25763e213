/**
 * A time in which a key is not to be used, and the refusals in a row that led to it. A value: every change is a new one.
 */
export interface KeyBlock {
  /** Instant from which the key may be tried again. */
  readonly until: number;
  /** In a row; 0 where nothing was refused. */
  readonly refusals: number;
  /** Place of the last refusal in the order of picks and refusals: what was picked before it knew nothing of it. */
  readonly order: number;
}

export const noBlock: KeyBlock = { until: -Infinity, refusals: 0, order: -Infinity };

/** One refusal: which call met it, and when. */
export interface Refusal {
  /** Place of the call's pick in the order. */
  readonly pickedAs: number;
  /** Place of the refusal itself. */
  readonly order: number;
  readonly now: number;
  /** The upstream's own word on how long. */
  readonly hintMs: number | undefined;
}

/**
 * The block after a refusal. Calls that were under way together meet the same refusal together: only the first of
 * them makes it longer, the others can but bring a later word of the upstream.
 * @param lengthMs of the n-th refusal in a row, from 0, where the upstream gives no hint
 */
export function refusedAgain(
  block: KeyBlock,
  { pickedAs, order, now, hintMs }: Refusal,
  lengthMs: (refusals: number) => number,
): KeyBlock {
  const again = pickedAs < block.order;
  if (again && hintMs === undefined) return block;
  return {
    until: Math.max(block.until, now + (hintMs ?? lengthMs(block.refusals))),
    refusals: again ? block.refusals : block.refusals + 1,
    order,
  };
}

/** The block after word of a refusal that somebody else met; it never makes the block shorter. */
export function heldUntil({ until, refusals }: KeyBlock, instant: number, order: number): KeyBlock {
  return { until: Math.max(until, instant), refusals: Math.max(refusals, 1), order };
}

/** The block after a call that the upstream accepted: gone, unless the call is older than what it would undo. */
export function acceptedAgain(block: KeyBlock, pickedAs: number): KeyBlock {
  return pickedAs < block.order ? block : noBlock;
}
