import type { Message, MessageInitShape } from "@bufbuild/protobuf";
import type {
  ExplainRouteRequest,
  ExplainRouteResponseSchema,
  RouteCandidateSchema,
} from "../../gen/switchyard/operator/v1/operator_service_pb.ts";
import type { FleetReadiness } from "../attempt/fleet.ts";
import type { CallFacts } from "../routing/call-facts.ts";
import type { Candidate, Catalog } from "../routing/catalog.ts";
import { estimatedCostNanos } from "../routing/eligible.ts";
import type { Plan, PlanRejection, PlanResult } from "../routing/plan.ts";
import { planRoute } from "../routing/plan-route.ts";
import type { SkipReason } from "../routing/skip-reason.ts";
import { toCost } from "./attempt-message.ts";
import { toArm, toBreakerState, toSkipReason } from "./contract-enums.ts";
import { type CallFactsResult, readCallFacts } from "./read-call-facts.ts";
import { type Clock, instantToTimestamp } from "./wire-time.ts";

type ResponseInit = Exclude<MessageInitShape<typeof ExplainRouteResponseSchema>, Message>;
type CandidateInit = Exclude<MessageInitShape<typeof RouteCandidateSchema>, Message>;

/** What would become of a call now, or why there is no telling. */
export type Explanation =
  | { readonly kind: "explained"; readonly response: ResponseInit }
  | { readonly kind: "rejected"; readonly rejection: PlanRejection; readonly facts: CallFacts }
  | Extract<CallFactsResult, { kind: "invalid" }>;

export interface ExplainOptions {
  readonly catalog: Catalog;
  readonly readiness: (deploymentId: string) => FleetReadiness;
  readonly newCallId: () => string;
  readonly clock: Clock;
}

/**
 * The plan that Chat would follow, with what is passed over and why. The fallback lists stand behind the target's own
 * candidates, though only a failure or a skip of their class would open them.
 */
export function explainRoute(request: ExplainRouteRequest, options: ExplainOptions): Explanation {
  const { catalog } = options;
  const tokens = request.estimatedInputTokens;
  const read = readCallFacts(request, {
    defaultTier: catalog.defaultTier,
    requestId: options.newCallId(),
    inputTokens: tokens === undefined ? undefined : { estimate: tokens, atLeast: tokens },
  });
  if (read.kind === "invalid") return read;
  const { facts } = read;
  const shown = shownCandidates(planRoute(catalog, facts));
  if (shown.kind === "rejected") return { ...shown, facts };
  const { arm, canaryBucket } = shown;
  return {
    kind: "explained",
    response: {
      configRevision: catalog.revision,
      arm: toArm(arm),
      canaryBucket: canaryBucket ?? 0,
      candidates: shown.candidates.map((candidate) => toCandidate(candidate, facts, options)),
    },
  };
}

interface ShownCandidate extends Candidate {
  /** Why the plan rules it out; undefined where it does not. */
  readonly excluded: SkipReason | undefined;
}

type Shown =
  | (Pick<Plan, "arm" | "canaryBucket"> & {
      readonly kind: "shown";
      readonly candidates: readonly ShownCandidate[];
    })
  | { readonly kind: "rejected"; readonly rejection: PlanRejection };

/** Where every candidate is ruled out, that is the explanation: Chat would refuse the call. */
function shownCandidates(result: PlanResult): Shown {
  if (result.kind === "planned") {
    const { plan } = result;
    const { unavailable, rateLimited, contextTooLong } = plan.fallbacks;
    return {
      ...plan,
      kind: "shown",
      candidates: unique([
        ...plan.candidates.map(planned),
        ...plan.excluded.map((candidate) => ({ ...candidate, excluded: candidate.skip })),
        ...[...unavailable, ...rateLimited, ...contextTooLong].map(planned),
      ]),
    };
  }
  const { rejection } = result;
  if (rejection.kind !== "all-excluded") return { kind: "rejected", rejection };
  const candidates = rejection.excluded.map((candidate) => ({ ...candidate, excluded: candidate.skip }));
  return { kind: "shown", arm: "stable", canaryBucket: undefined, candidates };
}

function planned(candidate: Candidate): ShownCandidate {
  return { ...candidate, excluded: undefined };
}

function unique(candidates: readonly ShownCandidate[]): readonly ShownCandidate[] {
  const seen = new Set<string>();
  return candidates.filter(({ deployment }) => !seen.has(deployment.id) && seen.add(deployment.id));
}

function toCandidate(
  { deployment, model, excluded }: ShownCandidate,
  facts: CallFacts,
  { readiness, clock }: ExplainOptions,
): CandidateInit {
  const { skip, readyAt, breakerState } = readiness(deployment.id);
  const nanos = estimatedCostNanos(model, facts);
  // What the plan rules out never comes back by waiting.
  const readyTime =
    excluded === undefined && skip !== undefined && readyAt > clock.now()
      ? instantToTimestamp(readyAt, clock)
      : undefined;
  return {
    deployment: deployment.id,
    skipReason: toSkipReason(excluded ?? skip),
    breakerState: toBreakerState(breakerState),
    estimatedCost: toCost({ nanos: nanos ?? 0n, unpriced: nanos === undefined, estimated: true }),
    ...(readyTime === undefined ? {} : { readyTime }),
  };
}
