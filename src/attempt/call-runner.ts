import type { CallFailure } from "../routing/call-failure.ts";
import type { ChatOutcome, StreamEvent } from "./call-outcome.ts";
import { endCall } from "./end-call.ts";
import { visitHedged } from "./hedged-visit.ts";
import { createHedging } from "./hedging.ts";
import { unaryAttempts } from "./complete-attempt.ts";
import { createPlanRun } from "./plan-run.ts";
import type { PlannedCall } from "./planned-call.ts";
import { createAttemptPricing } from "./price-attempt.ts";
import type { RouteEnd } from "./route-summary.ts";
import type { RunnerOptions } from "./runner-options.ts";
import { runStream } from "./run-stream.ts";

/** Runs plans: attempts, retries and falls back as the decisions say, within the limits of each call. */
export interface CallRunner {
  /** Resolves for every failure; throws only for a bug. */
  readonly chat: (call: PlannedCall) => Promise<ChatOutcome>;
  /** Ends with a `finished` or `failed`; whoever stops reading must `return` it. */
  readonly chatStream: (call: PlannedCall) => AsyncIterable<StreamEvent>;
}

/** Each call ends its route and settles what it took, on every path. */
export function createCallRunner(options: RunnerOptions): CallRunner {
  const pricing = createAttemptPricing(options.catalog);
  const hedging = createHedging(options.config.hedge, options.now);
  const shared: RunnerOptions = {
    ...options,
    onAttempt: (entry, call) => {
      hedging?.learn(entry, call);
      options.onAttempt(entry, call);
    },
  };
  const attempts = unaryAttempts(shared);
  return {
    chat: async (call) => {
      const run = createPlanRun(shared, call);
      let end: RouteEnd = { kind: "failed", failure: interrupted };
      try {
        for (;;) {
          const next = run.next();
          if (next.kind === "wait") {
            await run.wait(next);
            continue;
          }
          if (next.kind === "gave-up") {
            end = { kind: "failed", failure: next.failure };
            return { kind: "failed", failure: next.failure };
          }
          const { granted } = next;
          const visit = { options: shared, pricing, call, run, granted, attempts };
          const visited = await visitHedged(visit, hedging);
          if (visited.kind === "won") {
            const { completion, served } = visited.value;
            end = { kind: "served", served };
            return { kind: "answered", completion, served };
          }
          run.failed(visited.candidate, visited.failure);
        }
      } finally {
        endCall(shared, call, run.state(), end);
      }
    },
    chatStream: (call) => runStream(shared, pricing, hedging, call),
  };
}

/** What a run that a bug ended is taken for. */
const interrupted: CallFailure = {
  kind: "local",
  failure: undefined,
  retryAfterMs: undefined,
  contentSent: false,
  retriesSpent: false,
};
