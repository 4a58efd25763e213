import type { ChoiceDelta, ChoiceEnd } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { Failure } from "../routing/failure.ts";
import { createChunkDecoder } from "./chunk-decoder.ts";
import { badResponse, cancelledFailure, classifyErrorValue, classifyFault } from "./classify-failure.ts";
import type { ResponseHead } from "./exchange.ts";
import { discardBody, drainBody } from "./read-bounded.ts";
import type { ResponseBody } from "./response-body.ts";
import { createSseDecoder, type SseEvent } from "./sse-decoder.ts";
import { parseJson } from "./untrusted-json.ts";
import { UpstreamFailed } from "./upstream-failed.ts";
import type { StreamBatch, StreamStart, UpstreamStream } from "./upstream.ts";

/** Kept-alive by an event instead of a comment. */
const heartbeats: ReadonlySet<string> = new Set(["ping", "heartbeat", "keepalive", "keep-alive"]);

const noEnds: readonly ChoiceEnd[] = [];
const over = { failure: undefined };

/** What one read brought, while it is being put together. */
interface Reading {
  deltas: ChoiceDelta[];
  ends: readonly ChoiceEnd[];
  done: boolean;
  failure: Failure | undefined;
}

/** Reads one batch a read, for one reader at a time. By hand: a generator makes a tenth more of garbage for each token. */
class BatchReader implements AsyncIterableIterator<StreamBatch, void, undefined> {
  readonly #body: ResponseBody;
  readonly #head: ResponseHead;
  readonly #signal: AbortSignal;
  readonly #chunks = createChunkDecoder();
  readonly #events = createSseDecoder();
  /** No batch follows; what does is the failure, or the end. */
  #last: { readonly failure: Failure | undefined } | undefined;
  /** Everything that counts was read, so what is left may be waited for. */
  #whole = false;
  #left = false;

  constructor(body: ResponseBody, head: ResponseHead, signal: AbortSignal) {
    this.#body = body;
    this.#head = head;
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  start(): StreamStart | undefined {
    return this.#chunks.start();
  }

  async next(): Promise<IteratorResult<StreamBatch, void>> {
    if (this.#last === undefined) {
      try {
        const batch = this.#readBatch(await this.#body.read());
        if (batch !== undefined) return { done: false, value: batch };
      } catch (error) {
        this.#last = { failure: this.#failureOf(error) };
      }
    }
    this.#finish();
    return { done: true, value: undefined };
  }

  /** Ends a read that is under way, too. */
  return(): Promise<IteratorResult<StreamBatch, void>> {
    this.#leave();
    this.#last = over;
    return Promise.resolve({ done: true, value: undefined });
  }

  /** What a read of the body says; undefined where it has but the end left to say. */
  #readBatch(bytes: Buffer | undefined): StreamBatch | undefined {
    const { deltas, ends, done, failure } =
      bytes === undefined ? this.#readRest() : this.#readEvents(this.#events.push(bytes));
    const hasContent = deltas.length > 0 || ends.length > 0;
    this.#whole ||= done || ends.length > 0;
    if (bytes === undefined || done || failure !== undefined) this.#last ??= { failure };
    // A read that brought nothing is a sign of life.
    const says = hasContent || done || (bytes !== undefined && failure === undefined);
    return says ? { deltas, ends, usage: this.#chunks.usage(), done } : undefined;
  }

  /** At the end of the body. */
  #readRest(): Reading {
    const event = this.#events.end();
    // A line that the end of the body cut off is no fault of its own: the stream is truncated, which its reader sees.
    const cut = event !== undefined && event.data.trim() !== "[DONE]" && parseJson(event.data) === undefined;
    const reading = this.#readEvents(event === undefined || cut ? [] : [event]);
    if (!reading.done) reading.deltas.push(...this.#chunks.flush());
    return reading;
  }

  #readEvents(events: readonly SseEvent[] | undefined): Reading {
    const reading: Reading = { deltas: [], ends: noEnds, done: false, failure: undefined };
    if (events === undefined) {
      reading.failure = badResponse(this.#head, "an event of the upstream's stream is longer than 1 MiB");
      return reading;
    }
    for (const event of events) {
      this.#readEvent(event, reading);
      if (reading.done || reading.failure !== undefined) break;
    }
    if (reading.done) reading.deltas.push(...this.#chunks.flush());
    return reading;
  }

  #readEvent({ name, data }: SseEvent, into: Reading): void {
    if (data.trim() === "[DONE]") {
      into.done = true;
      return;
    }
    if (heartbeats.has(name)) return;
    if (name === "error") {
      into.failure = classifyErrorValue(parseJson(data) ?? data, this.#head);
      return;
    }
    const chunk = this.#chunks.decode(data);
    switch (chunk.kind) {
      case "chunk":
        // Nearly every read is of one chunk, whose lists need no copy.
        if (into.deltas.length === 0) into.deltas = chunk.deltas;
        else into.deltas.push(...chunk.deltas);
        if (chunk.ends.length > 0) into.ends = [...into.ends, ...chunk.ends];
        break;
      case "error":
        into.failure = classifyErrorValue(chunk.error, this.#head);
        break;
      case "malformed":
        into.failure = badResponse(this.#head, "the upstream's stream holds an event that is no valid chunk");
    }
  }

  #failureOf(error: unknown): Failure {
    return this.#signal.aborted
      ? cancelledFailure(this.#head)
      : classifyFault({ phase: "lost", error }, this.#head);
  }

  /** Throws what the stream failed with, once; nothing to a reader that left. */
  #finish(): void {
    const failure = this.#left ? undefined : this.#last?.failure;
    this.#last = over;
    if (failure !== undefined) this.#whole = false;
    this.#leave();
    if (failure !== undefined) throw new UpstreamFailed(failure);
  }

  #leave(): void {
    if (this.#left) return;
    this.#left = true;
    if (this.#whole && !this.#signal.aborted) drainBody(this.#body);
    else discardBody(this.#body);
  }
}

/** Reads the body of a streamed completion, one batch a read. */
export function readStream(body: ResponseBody, head: ResponseHead, signal: AbortSignal): UpstreamStream {
  const batches = new BatchReader(body, head, signal);
  return { batches, start: () => batches.start() };
}
