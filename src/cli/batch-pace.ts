import { setTimeout as sleep } from "node:timers/promises";

/** How fast a batch may go. */
export interface BatchPace {
  /** Calls under way at once. */
  readonly concurrency: number;
  /** Between two starts, in milliseconds. */
  readonly intervalMs: number;
}

/**
 * Works on each item: never more than `concurrency` at once, never two starts within `intervalMs`. Stops taking
 * items once the signal aborts, and resolves when what runs is done. `work` must not reject.
 */
export async function paced<T>(
  items: AsyncIterable<T>,
  { concurrency, intervalMs }: BatchPace,
  signal: AbortSignal,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  let lastStart = -Infinity;
  for await (const item of items) {
    if (running.size >= concurrency) await Promise.race(running);
    const waitMs = lastStart + intervalMs - performance.now();
    if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    lastStart = performance.now();
    const one = work(item).finally(() => running.delete(one));
    running.add(one);
  }
  await Promise.all(running);
}
