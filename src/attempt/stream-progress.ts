import type { ChoiceEnd } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { StreamBatch } from "../upstream/upstream.ts";

/** How far a streamed answer has come. Only what has ended, or was declared done, is whole. */
export interface StreamProgress {
  add(batch: StreamBatch): void;
  /** Every choice that is expected has its finish reason: what may still come is usage. */
  finished(): boolean;
  /** Nothing that began is left open: the end of the body may be taken for the end of the answer. */
  whole(): boolean;
  /** `[DONE]` was read. */
  done(): boolean;
  /** By index, as they came. */
  ends(): readonly ChoiceEnd[];
}

/** @param expected choices that were asked for */
export function createStreamProgress(expected: number): StreamProgress {
  return new ChoiceProgress(expected);
}

class ChoiceProgress implements StreamProgress {
  readonly #expected: number;
  readonly #begun = new Set<number>();
  readonly #ends = new Map<number, ChoiceEnd>();
  #done = false;

  constructor(expected: number) {
    this.#expected = expected;
  }

  add(batch: StreamBatch): void {
    for (const { index } of batch.deltas) this.#begun.add(index);
    for (const end of batch.ends) if (!this.#ends.has(end.index)) this.#ends.set(end.index, end);
    if (batch.done) this.#done = true;
  }

  finished(): boolean {
    return this.#ends.size >= this.#expected && this.#allEnded();
  }

  whole(): boolean {
    return this.#done || (this.#ends.size > 0 && this.#allEnded());
  }

  done(): boolean {
    return this.#done;
  }

  ends(): readonly ChoiceEnd[] {
    return [...this.#ends.values()].toSorted((a, b) => a.index - b.index);
  }

  #allEnded(): boolean {
    for (const index of this.#begun) if (!this.#ends.has(index)) return false;
    return true;
  }
}
