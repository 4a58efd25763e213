import type { CallFailure } from "../routing/call-failure.ts";
import type { ChatOutcome, StreamEvent } from "./call-outcome.ts";
import { unaryAttempts } from "./complete-attempt.ts";
import { createPlanRun } from "./plan-run.ts";
import type { PlannedCall } from "./planned-call.ts";
import { createAttemptPricing } from "./price-attempt.ts";
import { routeSummary, type RouteEnd } from "./route-summary.ts";
import type { RunnerOptions } from "./runner-options.ts";
import { runStream } from "./run-stream.ts";
import { visitCandidate } from "./visit-candidate.ts";

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
  return {
    chat: async (call) => {
      const run = createPlanRun(options, call);
      const attempts = unaryAttempts(options, call);
      let end: RouteEnd = { kind: "failed", failure: interrupted };
      try {
        for (;;) {
          const next = await run.next();
          if (next.kind === "gave-up") {
            end = { kind: "failed", failure: next.failure };
            return { kind: "failed", failure: next.failure };
          }
          const { granted } = next;
          const visited = await visitCandidate({ options, pricing, call, run, granted, attempts });
          if (visited.kind === "won") {
            const { completion, served } = visited.value;
            end = { kind: "served", served };
            return { kind: "answered", completion, served };
          }
          run.failed(granted.candidate, visited.failure);
        }
      } finally {
        call.route.end(routeSummary(call, run.state(), end));
      }
    },
    chatStream: (call) => runStream(options, pricing, call),
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
