import type { ChoiceDelta } from "../../gen/switchyard/v1/gateway_service_pb.ts";
import type { CallFailure } from "../routing/call-failure.ts";
import type { Served, Serving, StreamEvent } from "./call-outcome.ts";
import { endCall } from "./end-call.ts";
import { visitHedged } from "./hedged-visit.ts";
import type { Hedging } from "./hedging.ts";
import { type OpenedStream, streamAttempts } from "./open-stream.ts";
import { createStreamPipe, type PipeEnd } from "./pipe-stream.ts";
import { createPlanRun, type PlanRun } from "./plan-run.ts";
import type { PlannedCall } from "./planned-call.ts";
import type { AttemptPricing } from "./price-attempt.ts";
import type { RouteEnd } from "./route-summary.ts";
import type { RunnerOptions } from "./runner-options.ts";
import type { AttemptEntry } from "./trail.ts";

/**
 * One streamed call: fallback until the first content, afterwards one upstream alone, unless the caller allows a
 * restart. Two models' output is never joined.
 */
export async function* runStream(
  options: RunnerOptions,
  pricing: AttemptPricing,
  hedging: Hedging | undefined,
  call: PlannedCall,
): AsyncGenerator<StreamEvent, void, void> {
  const run = createPlanRun(options, call);
  const attempts = streamAttempts(options, call);
  const buffered = call.restart === "buffer";
  let contentSent = false;
  let broken: AttemptEntry | undefined;
  let end: RouteEnd = { kind: "failed", failure: { ...run.ended(), kind: "cancelled" } };
  try {
    for (;;) {
      const next = run.next();
      if (next.kind === "wait") {
        await run.wait(next);
        continue;
      }
      if (next.kind === "gave-up") {
        const failure = withContent(next.failure, contentSent);
        end = { kind: "failed", failure };
        yield { kind: "failed", failure };
        return;
      }
      const { granted } = next;
      const visited = await visitHedged({ options, pricing, call, run, granted, attempts }, hedging);
      if (visited.kind === "failed") {
        run.failed(visited.candidate, visited.failure);
        continue;
      }
      const opened = visited.value;
      const pipe = createStreamPipe(options, call, opened);
      const held: ChoiceDelta[] = [];
      let ended: PipeEnd | undefined;
      try {
        if (!buffered) {
          yield contentSent && broken !== undefined ? restarted(broken, opened) : started(opened);
          contentSent = true;
        }
        for (;;) {
          const piece = await pipe.next();
          if (piece.kind !== "deltas") {
            ended = piece;
            break;
          }
          if (buffered) held.push(...piece.deltas);
          else {
            call.route.firstMessage();
            yield piece;
          }
        }
      } finally {
        if (ended === undefined) {
          pipe.leave();
          end = { kind: "failed", failure: withContent(run.ended(), contentSent) };
        }
      }
      if (ended.kind === "whole") {
        end = { kind: "served", served: ended.served };
        if (buffered) {
          yield started(opened);
          call.route.firstMessage();
          if (held.length > 0) yield { kind: "deltas", deltas: held };
        }
        yield finished(opened, ended.served);
        return;
      }
      const failure = afterBreak(call, run, ended, contentSent);
      if (failure !== undefined) {
        end = { kind: "failed", failure };
        yield { kind: "failed", failure };
        return;
      }
      broken = ended.entry;
    }
  } finally {
    endCall(options, call, run.state(), end);
  }
}

/** How the call fails after a stream that broke; undefined where another candidate may start over. */
function afterBreak(
  call: PlannedCall,
  run: PlanRun,
  { failure }: Extract<PipeEnd, { kind: "broke" }>,
  contentSent: boolean,
): CallFailure | undefined {
  run.broke(failure);
  if (call.signal.aborted) return { ...run.ended(), failure, contentSent };
  if (call.restart !== "before-content") return undefined;
  return {
    kind: failure.kind,
    failure,
    retryAfterMs: undefined,
    contentSent,
    retriesSpent: run.state().attempts > 1,
  };
}

/** Once content was sent, a call that finds nobody to start over has a broken stream, whatever came last. */
function withContent(failure: CallFailure, contentSent: boolean): CallFailure {
  if (!contentSent) return failure;
  switch (failure.kind) {
    case "cancelled":
    case "deadline-exceeded":
    case "draining":
      return { ...failure, contentSent };
    default:
      return { ...failure, kind: "stream-broken", contentSent };
  }
}

function started({ attempt, reader }: OpenedStream): StreamEvent {
  const { deployment, model } = attempt.granted.candidate;
  const { number, reason } = attempt;
  const serving: Serving = { number, reason, deployment: deployment.id, model: model.id };
  return { kind: "started", start: reader.start(), serving };
}

function restarted(failed: AttemptEntry, { attempt }: OpenedStream): StreamEvent {
  return { kind: "restarted", failed, deployment: attempt.granted.candidate.deployment.id };
}

function finished({ reader }: OpenedStream, served: Served): StreamEvent {
  return {
    kind: "finished",
    ends: reader.progress.ends(),
    modelVersion: reader.start().modelVersion,
    served,
  };
}
