import { create } from "@bufbuild/protobuf";
import {
  FinishReason,
  Role,
  type Usage,
  UsageSchema,
  UsageSource,
} from "../../gen/switchyard/v1/content_pb.ts";
import {
  ChoiceDeltaSchema,
  ChoiceEndSchema,
  ChoiceSchema,
} from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { Failure, FailureKind } from "../../src/routing/failure.ts";
import type { KeyPool } from "../../src/upstream/key-pool.ts";
import { UpstreamFailed } from "../../src/upstream/upstream-failed.ts";
import type {
  Completion,
  StreamBatch,
  Upstream,
  UpstreamCall,
  UpstreamResponseInfo,
} from "../../src/upstream/upstream.ts";
import type { ManualClock } from "./manual-clock.ts";

/** What one read of a scripted stream brings, `afterMs` after the one before. */
export type ScriptedPart = { readonly afterMs?: number } & (
  | { readonly text: string }
  /** A comment, or a chunk without content. */
  | { readonly alive: true }
  | { readonly finish: string; readonly usage?: Usage }
  | { readonly usage: Usage }
  | { readonly done: true }
  | { readonly fail: FailureKind; readonly retryAfterMs?: number }
  /** Never comes. */
  | { readonly hang: true }
);

/** What a scripted upstream does with one request. */
export type ScriptedReply =
  | {
      readonly kind: "answer";
      readonly afterMs?: number;
      readonly text?: string;
      readonly usage?: Usage | undefined;
      readonly model?: string;
    }
  | {
      readonly kind: "fail";
      readonly afterMs?: number;
      readonly failure: FailureKind;
      readonly retryAfterMs?: number;
    }
  | { readonly kind: "hang" }
  /** The headers come at once; the body ends after the last part. */
  | { readonly kind: "stream"; readonly parts: readonly ScriptedPart[] };

/** A request that a scripted upstream saw. */
export interface ScriptedRequest {
  readonly upstream: string;
  readonly upstreamModel: string;
  readonly keyId: string;
  readonly stream: boolean;
  /** Instant on the manual clock. */
  readonly at: number;
  readonly signal: AbortSignal;
  /** Instant at which the caller of the port ended it; undefined while it has not. */
  abortedAt: number | undefined;
}

export const sampleUsage: Usage = create(UsageSchema, {
  inputTokens: 10,
  outputTokens: 20,
  source: UsageSource.UPSTREAM,
});

function failureOf(kind: FailureKind, retryAfterMs?: number): Failure {
  return {
    kind,
    message: `the upstream failed: ${kind}`,
    httpStatus: undefined,
    upstreamCode: undefined,
    upstreamRequestId: undefined,
    retryAfterMs,
  };
}

const noInfo: UpstreamResponseInfo = {
  httpStatus: undefined,
  upstreamRequestId: undefined,
  quota: undefined,
};
const okInfo: UpstreamResponseInfo = { ...noInfo, httpStatus: 200 };

/** An upstream without a network, on a clock that the test moves: the port's second implementation. */
export function createScriptedUpstream(options: {
  readonly name: string;
  readonly clock: ManualClock;
  readonly keys: KeyPool;
  readonly requests: ScriptedRequest[];
  readonly script: (request: ScriptedRequest, index: number) => ScriptedReply;
}): Upstream {
  const { name, clock, keys, requests, script } = options;

  const receive = (call: UpstreamCall, stream: boolean): ScriptedReply => {
    const request: ScriptedRequest = {
      upstream: name,
      upstreamModel: call.upstreamModel,
      keyId: call.key.id,
      stream,
      at: clock.now(),
      signal: call.signal,
      abortedAt: call.signal.aborted ? clock.now() : undefined,
    };
    call.signal.addEventListener("abort", () => {
      request.abortedAt ??= clock.now();
    });
    requests.push(request);
    return script(request, requests.length - 1);
  };

  /** False where the signal came first. */
  const passes = async (ms: number, signal: AbortSignal): Promise<boolean> => {
    if (signal.aborted) return false;
    if (ms <= 0) return true;
    if (ms === Infinity)
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => resolve());
      });
    else await clock.sleep(ms, signal).catch(() => undefined);
    return !signal.aborted;
  };

  async function* batches(parts: readonly ScriptedPart[], signal: AbortSignal): AsyncGenerator<StreamBatch> {
    let usage: Usage | undefined;
    for (const part of parts) {
      if (!(await passes("hang" in part ? Infinity : (part.afterMs ?? 0), signal)))
        throw new UpstreamFailed(failureOf("cancelled"));
      if ("fail" in part) throw new UpstreamFailed(failureOf(part.fail, part.retryAfterMs));
      if ("usage" in part && part.usage !== undefined) usage = part.usage;
      yield {
        deltas:
          "text" in part ? [create(ChoiceDeltaSchema, { delta: { case: "text", value: part.text } })] : [],
        ends:
          "finish" in part
            ? [create(ChoiceEndSchema, { finishReason: FinishReason.STOP, nativeFinishReason: part.finish })]
            : [],
        usage,
        done: "done" in part,
      };
    }
  }

  return {
    name,
    keys,
    address: { host: `${name}.test`, port: 443 },
    complete: async (call) => {
      const reply = receive(call, false);
      if (reply.kind === "stream") throw new Error("the script streams to a unary call");
      const afterMs = reply.kind === "hang" ? Infinity : (reply.afterMs ?? 0);
      if (!(await passes(afterMs, call.signal)))
        return { kind: "failed", failure: failureOf("cancelled"), info: noInfo };
      if (reply.kind === "hang") throw new Error("a hang that ended");
      if (reply.kind === "fail")
        return { kind: "failed", failure: failureOf(reply.failure, reply.retryAfterMs), info: noInfo };
      const usage = "usage" in reply ? reply.usage : sampleUsage;
      return {
        kind: "completed",
        completion: completionOf(reply.text ?? "hello", usage, reply.model ?? call.upstreamModel),
        info: okInfo,
      };
    },
    stream: async (call) => {
      const reply = receive(call, true);
      if (reply.kind === "answer") throw new Error("the script answers a stream with a whole");
      const afterMs = reply.kind === "hang" ? Infinity : reply.kind === "fail" ? (reply.afterMs ?? 0) : 0;
      if (!(await passes(afterMs, call.signal)))
        return { kind: "failed", failure: failureOf("cancelled"), info: noInfo };
      if (reply.kind === "fail")
        return { kind: "failed", failure: failureOf(reply.failure, reply.retryAfterMs), info: noInfo };
      if (reply.kind === "hang") throw new Error("a hang that ended");
      return {
        kind: "opened",
        info: okInfo,
        stream: {
          batches: batches(reply.parts, call.signal),
          start: () => ({ id: "cmpl-1", createdSeconds: 1_700_000_000, modelVersion: call.upstreamModel }),
        },
      };
    },
    close: async () => {},
  };
}

function completionOf(text: string, usage: Usage | undefined, modelVersion: string): Completion {
  return {
    id: "cmpl-1",
    createdSeconds: 1_700_000_000,
    modelVersion,
    usage,
    choices: [
      create(ChoiceSchema, {
        message: { role: Role.ASSISTANT, parts: [{ part: { case: "text", value: text } }] },
        finishReason: FinishReason.STOP,
        nativeFinishReason: "stop",
      }),
    ],
  };
}
