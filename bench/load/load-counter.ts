import type { LoadResult } from "./load-task.ts";
import type { Received } from "./sender.ts";
import type { Wire } from "./wire.ts";

/** Judges answers and adds them up, between `begin` and `end`. */
export interface LoadCounter {
  readonly begin: () => void;
  readonly end: () => void;
  /** @param sentAt instant of the monotonic clock */
  readonly answered: (wire: Wire, received: Received, sentAt: number) => void;
  readonly broke: (error: unknown) => void;
  readonly result: () => LoadResult;
}

/** @param keepTimes false where only the count matters */
export function createLoadCounter(keepTimes: boolean): LoadCounter {
  const count = { ok: 0, refused: 0, failed: 0 };
  const latenciesMs: number[] = [];
  const firstBytesMs: number[] = [];
  let counting = false;
  let beganAt = 0;
  let ms = 0;
  let exampleOfFailure: string | undefined;
  return {
    begin: () => {
      counting = true;
      beganAt = performance.now();
    },
    end: () => {
      counting = false;
      ms = performance.now() - beganAt;
    },
    answered: (wire, received, sentAt) => {
      if (!counting) return;
      const verdict = wire.judge(received);
      count[verdict] += 1;
      if (verdict !== "ok") exampleOfFailure ??= describe(received);
      else if (keepTimes) {
        latenciesMs.push(performance.now() - sentAt);
        if (received.firstByteAt !== undefined) firstBytesMs.push(received.firstByteAt - sentAt);
      }
    },
    broke: (error) => {
      if (!counting) return;
      count.failed += 1;
      exampleOfFailure ??= error instanceof Error ? error.message : "the request broke";
    },
    result: () => ({ ...count, exampleOfFailure, ms, latenciesMs, firstBytesMs }),
  };
}

function describe({ status, headers, trailers, body }: Received): string {
  const code = trailers["grpc-status"] ?? headers["grpc-status"];
  const message = trailers["grpc-message"] ?? headers["grpc-message"] ?? body.subarray(0, 300).toString();
  return `HTTP ${status} ${JSON.stringify([code, message])}`.slice(0, 400);
}
