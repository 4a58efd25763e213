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

/** No race with a promise of silence: a stream waits hundreds of times, and a race makes several promises each time. */
function orSilence<T>(awaited: Promise<T>, ms: number, setTimer: SetTimer): Promise<T | typeof heartbeat> {
  return new Promise((resolve, reject) => {
    const timer = setTimer(() => resolve(heartbeat), ms);
    const came = (value: T): void => {
      timer.cancel();
      resolve(value);
    };
    const failed = (cause: unknown): void => {
      timer.cancel();
      reject(cause);
    };
    awaited.then(came, failed);
  });
}
