import type { ChoiceDelta } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { Failure } from "../routing/failure.ts";
import type { Served } from "./call-outcome.ts";
import { brokenStreamVerdict, silentVerdict } from "./grant-verdict.ts";
import { type OpenedStream, type StreamRead, truncated } from "./open-stream.ts";
import type { PlannedCall } from "./planned-call.ts";
import type { RunnerOptions } from "./runner-options.ts";
import type { AttemptEntry } from "./trail.ts";

/** How a stream with content ended. */
export type PipeEnd =
  | { readonly kind: "whole"; readonly served: Served }
  | { readonly kind: "broke"; readonly entry: AttemptEntry; readonly failure: Failure };

type Piece = { readonly kind: "deltas"; readonly deltas: readonly ChoiceDelta[] } | PipeEnd;

/** Hands on what an opened stream brings, until it is whole or broke. Its attempt ends with it. */
export interface StreamPipe {
  /** Not to be called again after an end. */
  next(): Promise<Piece>;
  /** The caller leaves, or the server ended the call while nobody was reading. After an end it does nothing. */
  leave(): void;
}

const callEnded = "the call was ended before the upstream's answer was whole";

/** What an upstream may still take after its last finish reason, for usage and `[DONE]`. */
const finishGraceMs = 2000;

/**
 * The idle limits count only while the upstream is what we wait for: a slow caller stops the reading, not the
 * stream.
 */
export function createStreamPipe(
  { now }: RunnerOptions,
  call: PlannedCall,
  opened: OpenedStream,
): StreamPipe {
  return new TimedPipe(now, call, opened);
}

class TimedPipe implements StreamPipe {
  readonly #now: () => number;
  readonly #call: PlannedCall;
  readonly #attempt: OpenedStream["attempt"];
  readonly #reader: OpenedStream["reader"];
  /** What the stream was opened with, until it is handed on. */
  #waiting: readonly ChoiceDelta[];
  #tokenIdleLeftMs: number;
  #lastContentAt: number;
  #waitsForEnd = false;
  #ended = false;

  constructor(now: () => number, call: PlannedCall, { attempt, first, reader }: OpenedStream) {
    this.#now = now;
    this.#call = call;
    this.#attempt = attempt;
    this.#reader = reader;
    this.#waiting = first.deltas;
    this.#tokenIdleLeftMs = call.limits.tokenIdleMs;
    this.#lastContentAt = now();
  }

  async next(): Promise<Piece> {
    if (this.#waiting.length > 0) {
      const deltas = this.#waiting;
      this.#waiting = [];
      return { kind: "deltas", deltas };
    }
    const { progress } = this.#reader;
    while (!progress.done()) {
      const readAt = this.#now();
      this.#limitRead();
      const result = await this.#reader.read();
      this.#heard(result, readAt);
      if (result.kind === "batch") {
        const { deltas } = result.batch;
        if (deltas.length > 0) return { kind: "deltas", deltas };
      } else if (progress.whole()) break;
      else return this.#end(broke(this.#call, this.#attempt, this.#reader, result.failure ?? truncated));
    }
    return this.#end({ kind: "whole", served: this.#attempt.succeed(this.#reader.facts()) });
  }

  leave(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#attempt.stop();
    const failure: Failure = { ...truncated, kind: this.#call.ending() ?? "cancelled", message: callEnded };
    this.#attempt.fail({ failure, verdict: silentVerdict, partial: this.#reader.facts() });
    this.#reader.leave();
  }

  #limitRead(): void {
    const { limits } = this.#attempt;
    if (!this.#reader.progress.finished()) {
      limits.set("byte-idle", this.#call.limits.idleMs);
      limits.set("token-idle", this.#tokenIdleLeftMs);
    } else if (!this.#waitsForEnd) {
      this.#waitsForEnd = true;
      limits.set("finish", finishGraceMs);
    }
  }

  #heard(result: StreamRead, readAt: number): void {
    const { limits, span } = this.#attempt;
    const now = this.#now();
    limits.clear("byte-idle");
    limits.clear("token-idle");
    if (result.kind === "batch" && result.batch.deltas.length > 0) {
      this.#tokenIdleLeftMs = this.#call.limits.tokenIdleMs;
      span.nextToken(now - this.#lastContentAt);
      this.#lastContentAt = now;
    } else this.#tokenIdleLeftMs = Math.max(0, this.#tokenIdleLeftMs - (now - readAt));
  }

  #end(result: PipeEnd): PipeEnd {
    this.#ended = true;
    this.#reader.leave();
    return result;
  }
}

function broke(
  call: PlannedCall,
  attempt: OpenedStream["attempt"],
  reader: OpenedStream["reader"],
  cause: Failure,
): PipeEnd {
  attempt.stop();
  const judged = attempt.judge(cause);
  const failure: Failure = call.signal.aborted
    ? judged.failure
    : { ...judged.failure, kind: "stream-broken" };
  const verdict = judged.verdict === silentVerdict ? silentVerdict : brokenStreamVerdict;
  const entry = attempt.fail({ failure, verdict, partial: reader.facts(), keyFailure: judged.failure });
  return { kind: "broke", entry, failure };
}
