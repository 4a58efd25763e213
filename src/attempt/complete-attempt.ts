import type { Completion } from "../upstream/upstream.ts";
import type { AnswerFacts } from "./attempt-start.ts";
import type { Served } from "./call-outcome.ts";
import type { RunnerOptions } from "./runner-options.ts";
import { outrun } from "./outrun.ts";
import { answerTokens } from "./usage-estimate.ts";
import type { AttemptKind } from "./visit-candidate.ts";

/** A whole answer, and what it cost. */
export interface Answered {
  readonly completion: Completion;
  readonly served: Served;
}

/** Attempts that wait for a whole answer: the same for every call. */
export function unaryAttempts({ fleet }: Pick<RunnerOptions, "fleet">): AttemptKind<Answered> {
  return {
    stream: false,
    limitMs: (_, limits) => limits.attemptMs ?? Infinity,
    open: async (attempt) => {
      const upstream = fleet.upstream(attempt.granted.candidate.deployment.upstream);
      const result = await upstream.complete(attempt.upstreamCall);
      attempt.learn(result.info);
      if (result.kind === "failed") return { kind: "failed", failure: result.failure };
      const { completion } = result;
      const facts: AnswerFacts = {
        id: completion.id,
        modelVersion: completion.modelVersion,
        usage: completion.usage,
        outputTokens: completion.usage === undefined ? answerTokens(completion.choices) : 0,
        finishReasons: completion.choices.map((choice) => choice.nativeFinishReason.toLowerCase()),
        chunks: undefined,
      };
      if (!attempt.claim()) return { kind: "failed", failure: outrun, partial: facts };
      return { kind: "won", value: { completion, served: attempt.succeed(facts) } };
    },
  };
}
