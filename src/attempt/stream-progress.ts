import type { ChoiceEnd } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { StreamBatch } from "../upstream/upstream.ts";

/** How far a streamed answer has come. Only what has ended, or was declared done, is whole. */
export interface StreamProgress {
  readonly add: (batch: StreamBatch) => void;
  /** Every choice that is expected has its finish reason: what may still come is usage. */
  readonly finished: () => boolean;
  /** Nothing that began is left open: the end of the body may be taken for the end of the answer. */
  readonly whole: () => boolean;
  /** `[DONE]` was read. */
  readonly done: () => boolean;
  /** By index, as they came. */
  readonly ends: () => readonly ChoiceEnd[];
}

/** @param expected choices that were asked for */
export function createStreamProgress(expected: number): StreamProgress {
  const begun = new Set<number>();
  const ends = new Map<number, ChoiceEnd>();
  let done = false;
  const allEnded = (): boolean => [...begun].every((index) => ends.has(index));
  return {
    add: (batch) => {
      for (const { index } of batch.deltas) begun.add(index);
      for (const end of batch.ends) if (!ends.has(end.index)) ends.set(end.index, end);
      if (batch.done) done = true;
    },
    finished: () => ends.size >= expected && allEnded(),
    whole: () => done || (ends.size > 0 && allEnded()),
    done: () => done,
    ends: () => [...ends.values()].toSorted((a, b) => a.index - b.index),
  };
}
