import type { Failure } from "../routing/failure.ts";
import { createOutputMeter, type OutputMeter } from "../upstream/output-meter.ts";
import { UpstreamFailed } from "../upstream/upstream-failed.ts";
import type { StreamBatch, StreamStart } from "../upstream/upstream.ts";
import type { AnswerFacts } from "./attempt-start.ts";
import type { OngoingAttempt } from "./ongoing-attempt.ts";
import { outrun } from "./outrun.ts";
import type { PlannedCall } from "./planned-call.ts";
import type { RunnerOptions } from "./runner-options.ts";
import { createStreamProgress, type StreamProgress } from "./stream-progress.ts";
import type { AttemptKind } from "./visit-candidate.ts";

/** A stream whose first content, or end, has been read. Its attempt goes on until the stream is piped or left. */
export interface OpenedStream {
  readonly attempt: OngoingAttempt;
  readonly first: StreamBatch;
  readonly reader: StreamReader;
}

/** Reads one stream and keeps what an end of it has to tell. */
export interface StreamReader {
  /** The next batch, or how the reading ended: `undefined` failure is the end of the body. */
  read(): Promise<StreamRead>;
  /** Stops reading; does not wait for what the upstream still has to say. */
  leave(): void;
  readonly progress: StreamProgress;
  start(): StreamStart;
  /** The answer as far as it came. */
  facts(): AnswerFacts;
}

export type StreamRead =
  | { readonly kind: "batch"; readonly batch: StreamBatch }
  | { readonly kind: "ended"; readonly failure: Failure | undefined };

const unknownStart: StreamStart = { id: "", createdSeconds: undefined, modelVersion: "" };

/** Attempts that are won with their first content. */
export function streamAttempts({ fleet }: RunnerOptions, call: PlannedCall): AttemptKind<OpenedStream> {
  return {
    stream: true,
    limitMs: ({ candidate }, limits) =>
      Math.min(limits.firstTokenMs(candidate.model), limits.attemptMs ?? Infinity),
    open: async (attempt) => {
      const upstream = fleet.upstream(attempt.granted.candidate.deployment.upstream);
      const result = await upstream.stream(attempt.upstreamCall);
      attempt.learn(result.info);
      if (result.kind === "failed") return { kind: "failed", failure: result.failure };
      const reader = new BatchReader(result.stream, call.input.generationConfig?.candidateCount ?? 1);
      for (;;) {
        const read = await reader.read();
        if (read.kind === "ended") {
          attempt.stop();
          reader.leave();
          return { kind: "failed", failure: read.failure ?? truncated };
        }
        const { batch } = read;
        // An answer may end without any content: that is one, too.
        if (batch.deltas.length === 0 && !reader.progress.finished() && !reader.progress.done()) continue;
        if (!attempt.claim()) {
          attempt.stop();
          reader.leave();
          return { kind: "failed", failure: outrun, partial: reader.facts() };
        }
        attempt.limits.clear("first-token");
        attempt.firstContent();
        return { kind: "won", value: { attempt, first: batch, reader } };
      }
    },
  };
}

/** What is read of an upstream's stream. */
interface Source {
  readonly batches: AsyncIterable<StreamBatch>;
  readonly start: () => StreamStart | undefined;
}

class BatchReader implements StreamReader {
  readonly progress: StreamProgress;
  readonly #source: Source;
  readonly #iterator: AsyncIterator<StreamBatch>;
  readonly #meter: OutputMeter = createOutputMeter();
  #usage: StreamBatch["usage"];
  #chunks = 0;

  constructor(source: Source, expectedChoices: number) {
    this.#source = source;
    this.#iterator = source.batches[Symbol.asyncIterator]();
    this.progress = createStreamProgress(expectedChoices);
  }

  async read(): Promise<StreamRead> {
    try {
      const result = await this.#iterator.next();
      if (result.done === true) return { kind: "ended", failure: undefined };
      const batch = result.value;
      this.progress.add(batch);
      this.#usage = batch.usage ?? this.#usage;
      for (const delta of batch.deltas) this.#meter.add(delta);
      if (batch.deltas.length > 0) this.#chunks += 1;
      return { kind: "batch", batch };
    } catch (error) {
      if (error instanceof UpstreamFailed) return { kind: "ended", failure: error.failure };
      throw error;
    }
  }

  leave(): void {
    // It may have to drain, or be stuck in a read that only the signal ends: nobody waits for it.
    void this.#iterator.return?.().catch(() => undefined);
  }

  start(): StreamStart {
    return this.#source.start() ?? unknownStart;
  }

  facts(): AnswerFacts {
    const start = this.#source.start();
    return {
      id: start?.id,
      modelVersion: start?.modelVersion ?? "",
      usage: this.#usage,
      outputTokens: this.#meter.tokens(),
      finishReasons: this.progress.ends().map((end) => end.nativeFinishReason.toLowerCase()),
      chunks: this.#chunks,
    };
  }
}

/** A body that ends before its answer does is never an answer. */
export const truncated: Failure = {
  kind: "bad-response",
  message: "the upstream's stream ended before its answer was whole",
  httpStatus: 200,
  upstreamCode: undefined,
  upstreamRequestId: undefined,
  retryAfterMs: undefined,
};
