import { candidateLists } from "../../src/routing/candidate-lists.ts";
import type { CallFacts } from "../../src/routing/call-facts.ts";
import type {
  CanarySplit,
  Candidate,
  Catalog,
  FallbackClass,
  Model,
  TierName,
} from "../../src/routing/catalog.ts";
import type { Failure, FailureKind } from "../../src/routing/failure.ts";
import type { Readiness, StepFacts } from "../../src/routing/next-step.ts";
import type { Plan } from "../../src/routing/plan.ts";
import type { SkipReason } from "../../src/routing/skip-reason.ts";

/** A model served at these upstreams, in this order. Nothing is declared of it that `fields` does not say. */
export function sampleModel(
  id: string,
  upstreams: readonly string[] = ["one"],
  fields: Partial<Model> = {},
): Model {
  return {
    id,
    provider: id.split("/", 1)[0]!,
    displayName: id,
    contextWindowTokens: undefined,
    maxOutputTokens: undefined,
    capabilities: undefined,
    price: undefined,
    deployments: upstreams.map((upstream) => ({
      id: `${id}@${upstream}`,
      model: id,
      upstream,
      upstreamModel: id,
    })),
    tiers: [],
    ...fields,
  };
}

/** A catalog of these models. Tiers and fallbacks list them by id. */
export function sampleCatalog(
  models: readonly Model[],
  {
    tiers = {},
    fallback = {},
    canary,
  }: {
    readonly tiers?: Partial<Record<TierName, readonly string[]>>;
    readonly fallback?: Partial<Record<FallbackClass, readonly string[]>>;
    readonly canary?: CanarySplit | undefined;
  } = {},
): Catalog {
  const byId = new Map(models.map((model) => [model.id, model]));
  const listed = (ids: readonly string[] = []): readonly Model[] => ids.map((id) => byId.get(id)!);
  const deployments = models.flatMap((model) => model.deployments);
  const lists = {
    models: byId,
    tiers: {
      simple: listed(tiers.simple),
      standard: listed(tiers.standard),
      advanced: listed(tiers.advanced),
    },
    fallback: {
      rateLimited: listed(fallback.rateLimited),
      unavailable: listed(fallback.unavailable),
      contextTooLong: listed(fallback.contextTooLong),
    },
  };
  return {
    revision: "000000000000",
    ...lists,
    deployments: new Map(deployments.map((deployment) => [deployment.id, deployment])),
    defaultTier: "standard",
    canary,
    candidates: candidateLists(lists),
  };
}

/** A call for the model `acme/a` that asks for nothing else. */
export function sampleFacts(facts: Partial<CallFacts> = {}): CallFacts {
  return {
    target: { kind: "model", model: "acme/a" },
    fallback: { kind: "configured" },
    onContentFilter: false,
    requiredCapabilities: new Set(),
    inputTokens: { estimate: 100, atLeast: 50 },
    maxOutputTokens: undefined,
    maxCostNanos: undefined,
    canary: "assigned",
    affinityKey: undefined,
    requestId: "request-1",
    ...facts,
  };
}

/** Candidates in order, each model given once. */
export function candidatesFrom(...models: readonly Model[]): readonly Candidate[] {
  return models.flatMap((model) => model.deployments.map((deployment) => ({ deployment, model })));
}

/** A plan of these candidates, on the stable arm, with no fallback that `fields` does not name. */
export function samplePlan(
  candidates: readonly Candidate[],
  {
    fallbacks = {},
    ...fields
  }: Partial<Omit<Plan, "fallbacks">> & { fallbacks?: Partial<Plan["fallbacks"]> } = {},
): Plan {
  return {
    tier: undefined,
    pinned: false,
    arm: "stable",
    canaryBucket: undefined,
    compared: false,
    candidates,
    excluded: [],
    onContentFilter: false,
    ...fields,
    fallbacks: { rateLimited: [], unavailable: [], contextTooLong: [], ...fallbacks },
  };
}

export function sampleFailure(kind: FailureKind, fields: Partial<Failure> = {}): Failure {
  return {
    kind,
    message: `scripted: ${kind}`,
    httpStatus: undefined,
    upstreamCode: undefined,
    upstreamRequestId: undefined,
    retryAfterMs: undefined,
    ...fields,
  };
}

/** Instant of `sampleStep`; not 0, which means "now" where a candidate's readiness is told. */
export const stepNow = 1_000_000;

/** A call just begun: 120 s, five attempts, waits without jitter, everybody ready but those in `blocked`. */
export function sampleStep({
  blocked = {},
  ...facts
}: Partial<StepFacts> & { readonly blocked?: Readonly<Record<string, Readiness>> } = {}): StepFacts {
  return {
    now: stepNow,
    deadline: stepNow + 120_000,
    allowanceMs: 120_000,
    draining: false,
    maxAttempts: 5,
    backoff: { baseMs: 1000, capMs: 60_000, jitter: "none" },
    readiness: (id) => blocked[id] ?? { skip: undefined, readyAt: 0 },
    random: () => 0,
    ...facts,
  };
}

/** Not before `inMs` from `stepNow`. */
export function blockedFor(inMs: number, skip: SkipReason = "breaker-open"): Readiness {
  return { skip, readyAt: stepNow + inMs };
}
