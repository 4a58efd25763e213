import type { SetTimer } from "../attempt/timer.ts";

/** Stands for a silence that has lasted long enough to say something. */
export const heartbeat = Symbol("heartbeat");

/**
 * The same items, with a {@link heartbeat} after each `everyMs` in which none came while one was awaited.
 * Leaving it leaves the source too, once what was awaited has settled.
 */
export async function* withHeartbeats<T>(
  source: AsyncIterable<T>,
  everyMs: number,
  setTimer: SetTimer,
): AsyncGenerator<T | typeof heartbeat, void, void> {
  const iterator = source[Symbol.asyncIterator]();
  let awaited: Promise<IteratorResult<T>> | undefined;
  try {
    for (;;) {
      awaited ??= iterator.next();
      const result = await orSilence(awaited, everyMs, setTimer);
      if (result === heartbeat) {
        yield heartbeat;
        continue;
      }
      awaited = undefined;
      if (result.done === true) return;
      yield result.value;
    }
  } finally {
    await iterator.return?.();
  }
}

async function orSilence<T>(
  awaited: Promise<T>,
  ms: number,
  setTimer: SetTimer,
): Promise<T | typeof heartbeat> {
  const { promise: silence, resolve } = Promise.withResolvers<typeof heartbeat>();
  const timer = setTimer(() => resolve(heartbeat), ms);
  try {
    return await Promise.race([awaited, silence]);
  } finally {
    timer.cancel();
  }
}
