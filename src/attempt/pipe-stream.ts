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

/** Hands on what an opened stream brings, until it is whole or broke. Its attempt ends with it. */
export interface StreamPipe {
  /** Not to be called again after an end. */
  readonly next: () => Promise<
    { readonly kind: "deltas"; readonly deltas: readonly ChoiceDelta[] } | PipeEnd
  >;
  /** The caller leaves, or the server ended the call while nobody was reading. After an end it does nothing. */
  readonly leave: () => void;
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
  { attempt, first, reader }: OpenedStream,
): StreamPipe {
  const { limits } = attempt;
  const { progress } = reader;
  const { idleMs, tokenIdleMs } = call.limits;
  let waiting: readonly ChoiceDelta[] = first.deltas;
  let tokenIdleLeftMs = tokenIdleMs;
  let lastContentAt = now();
  let waitsForEnd = false;
  let ended = false;

  const limitRead = (): void => {
    if (!progress.finished()) {
      limits.set("byte-idle", idleMs);
      limits.set("token-idle", tokenIdleLeftMs);
    } else if (!waitsForEnd) {
      waitsForEnd = true;
      limits.set("finish", finishGraceMs);
    }
  };

  const read = async (): Promise<StreamRead> => {
    const readAt = now();
    limitRead();
    const result = await reader.read();
    limits.clear("byte-idle");
    limits.clear("token-idle");
    if (result.kind === "batch" && result.batch.deltas.length > 0) {
      tokenIdleLeftMs = tokenIdleMs;
      attempt.span.nextToken(now() - lastContentAt);
      lastContentAt = now();
    } else tokenIdleLeftMs = Math.max(0, tokenIdleLeftMs - (now() - readAt));
    return result;
  };

  const end = (result: PipeEnd): PipeEnd => {
    ended = true;
    reader.leave();
    return result;
  };

  return {
    next: async () => {
      if (waiting.length > 0) {
        const deltas = waiting;
        waiting = [];
        return { kind: "deltas", deltas };
      }
      while (!progress.done()) {
        const result = await read();
        if (result.kind === "batch") {
          const { deltas } = result.batch;
          if (deltas.length > 0) return { kind: "deltas", deltas };
        } else if (progress.whole()) break;
        else return end(broke(call, attempt, reader, result.failure ?? truncated));
      }
      return end({ kind: "whole", served: attempt.succeed(reader.facts()) });
    },
    leave: () => {
      if (ended) return;
      ended = true;
      attempt.stop();
      const failure: Failure = { ...truncated, kind: call.ending() ?? "cancelled", message: callEnded };
      attempt.fail({ failure, verdict: silentVerdict, partial: reader.facts() });
      reader.leave();
    },
  };
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
