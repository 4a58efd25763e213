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
import type { StreamBatch, UpstreamStream } from "./upstream.ts";

/** Kept-alive by an event instead of a comment. */
const heartbeats: ReadonlySet<string> = new Set(["ping", "heartbeat", "keepalive", "keep-alive"]);

/** What one read brought, while it is being put together. */
interface Reading {
  readonly deltas: ChoiceDelta[];
  readonly ends: ChoiceEnd[];
  done: boolean;
  failure: Failure | undefined;
}

/** Reads the body of a streamed completion, one batch a read. */
export function readStream(body: ResponseBody, head: ResponseHead, signal: AbortSignal): UpstreamStream {
  const chunks = createChunkDecoder();

  const readEvent = ({ name, data }: SseEvent, into: Reading): void => {
    if (data.trim() === "[DONE]") {
      into.done = true;
      return;
    }
    if (heartbeats.has(name)) return;
    if (name === "error") {
      into.failure = classifyErrorValue(parseJson(data) ?? data, head);
      return;
    }
    const chunk = chunks.decode(data);
    switch (chunk.kind) {
      case "chunk":
        into.deltas.push(...chunk.deltas);
        into.ends.push(...chunk.ends);
        break;
      case "error":
        into.failure = classifyErrorValue(chunk.error, head);
        break;
      case "malformed":
        into.failure = badResponse(head, "the upstream's stream holds an event that is no valid chunk");
    }
  };

  const readEvents = (events: readonly SseEvent[] | undefined): Reading => {
    const reading: Reading = { deltas: [], ends: [], done: false, failure: undefined };
    if (events === undefined)
      reading.failure = badResponse(head, "an event of the upstream's stream is longer than 1 MiB");
    for (const event of events ?? []) {
      readEvent(event, reading);
      if (reading.done || reading.failure !== undefined) break;
    }
    if (reading.done) reading.deltas.push(...chunks.flush());
    return reading;
  };

  const toBatch = ({ deltas, ends, done }: Reading): StreamBatch => ({
    deltas,
    ends,
    usage: chunks.usage(),
    done,
  });

  /** Everything that counts was read, so what is left may be waited for. */
  let whole = false;
  let left = false;

  const leave = (): void => {
    if (left) return;
    left = true;
    if (whole && !signal.aborted) drainBody(body);
    else discardBody(body);
  };

  async function* readBatches(): AsyncGenerator<StreamBatch, void, undefined> {
    const events = createSseDecoder();
    try {
      for (;;) {
        const bytes = await body.read();
        if (bytes === undefined) break;
        const reading = readEvents(events.push(bytes));
        whole ||= reading.done || reading.ends.length > 0;
        const { failure } = reading;
        if (failure === undefined || reading.deltas.length > 0 || reading.ends.length > 0)
          yield toBatch(reading);
        if (failure !== undefined) {
          whole = false;
          throw new UpstreamFailed(failure);
        }
        if (reading.done) return;
      }
      yield* readRest(events.end());
    } catch (error) {
      if (left) return;
      if (error instanceof UpstreamFailed) throw error;
      throw new UpstreamFailed(
        signal.aborted ? cancelledFailure(head) : classifyFault({ phase: "lost", error }, head),
      );
    } finally {
      leave();
    }
  }

  function* readRest(event: SseEvent | undefined): Generator<StreamBatch, void, undefined> {
    // A line that the end of the body cut off is no fault of its own: the stream is truncated, which its reader sees.
    const cut = event !== undefined && event.data.trim() !== "[DONE]" && parseJson(event.data) === undefined;
    const reading = readEvents(event === undefined || cut ? [] : [event]);
    if (!reading.done) reading.deltas.push(...chunks.flush());
    if (reading.deltas.length > 0 || reading.ends.length > 0 || reading.done) yield toBatch(reading);
    if (reading.failure !== undefined) throw new UpstreamFailed(reading.failure);
  }

  const iterate = (): AsyncIterator<StreamBatch, void, undefined> => {
    const batches = readBatches();
    return {
      next: () => batches.next(),
      // A generator hears of it only between two reads, and never before its first.
      return: () => {
        leave();
        return batches.return();
      },
    };
  };

  return { batches: { [Symbol.asyncIterator]: iterate }, start: chunks.start };
}
