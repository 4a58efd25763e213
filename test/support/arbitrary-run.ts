import * as fc from "fast-check";
import type { CallFacts, CallTarget, FallbackMode } from "../../src/routing/call-facts.ts";
import type { CanarySplit, Capability, Catalog, Model } from "../../src/routing/catalog.ts";
import type { FailureKind } from "../../src/routing/failure.ts";
import { planRoute } from "../../src/routing/plan-route.ts";
import type { RunScript, ScriptedDeployment, ScriptedOutcome } from "./drive-run.ts";
import { sampleCatalog, sampleFacts, sampleModel } from "./routing-samples.ts";

// Kinds of failure sorted by what may follow, written out and not taken from the table that is under test.

/** Another candidate at once, this one after backoff. */
export const passing: readonly FailureKind[] = [
  "rate-limited",
  "quota-exhausted",
  "overloaded",
  "server-error",
  "conflict",
  "unreachable",
  "connection-lost",
  "stale-connection",
  "timeout",
  "bad-response",
];
/** Not this deployment again in this call. */
export const lasting: readonly FailureKind[] = ["unauthorized", "forbidden", "model-missing", "redirected"];
/** This deployment refuses this request; another may take it. */
export const refusing: readonly FailureKind[] = ["context-too-long", "content-filtered"];
/** Nobody is asked any more. */
export const ending: readonly FailureKind[] = [
  "invalid-request",
  "request-too-large",
  "cancelled",
  "deadline-exceeded",
  "draining",
  "local",
];

/** A call that has a plan, and the world that it meets. */
export interface RoutedRun {
  readonly catalog: Catalog;
  readonly facts: CallFacts;
  readonly script: RunScript;
}

/** Undefined but for one time in `times`. */
function rarely<T>(times: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: times - 1, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
}

/** What an upstream says of when to come back. */
export const arbitraryRetryAfter: fc.Arbitrary<number | undefined> = rarely(
  4,
  fc.oneof(fc.nat(5000), fc.nat(200_000), fc.constantFrom(60_000, 60_001)),
);

/** Why a deployment cannot be called at first. */
export const arbitraryBlock: fc.Arbitrary<ScriptedDeployment["blocked"]> = rarely(
  5,
  fc.record({
    forMs: fc.oneof(fc.nat(20_000), fc.nat(100_000), fc.constant(Infinity)),
    skip: fc.constantFrom("breaker-open", "keys-exhausted", "keys-quarantined", "at-capacity"),
  }),
);

const outcome: fc.Arbitrary<ScriptedOutcome> = fc.record({
  kind: fc.oneof(
    { weight: 4, arbitrary: fc.constant("answered" as const) },
    { weight: 20, arbitrary: fc.constantFrom(...passing) },
    { weight: 2, arbitrary: fc.constantFrom(...lasting) },
    { weight: 3, arbitrary: fc.constantFrom(...refusing) },
    { weight: 1, arbitrary: fc.constantFrom(...ending) },
    { weight: 1, arbitrary: fc.constant("stream-broken" as const) },
  ),
  ms: fc.oneof(
    { weight: 6, arbitrary: fc.nat(50) },
    { weight: 3, arbitrary: fc.nat(30_000) },
    { weight: 1, arbitrary: fc.constant(Infinity) },
  ),
  retryAfterMs: arbitraryRetryAfter,
  rotations: fc.nat(2),
});

const deployment: fc.Arbitrary<ScriptedDeployment> = fc.record({
  outcomes: fc.array(outcome, { minLength: 1, maxLength: 4 }),
  blocked: arbitraryBlock,
});

const upstreams = ["old", "new", "third"];
const names = ["a", "b", "c", "d", "e"];
const modelId = fc.constantFrom(...names).map((name) => `acme/${name}`);
const modelIds = fc.uniqueArray(modelId, { minLength: 1, maxLength: 3 });
const capabilities = fc.subarray<Capability>(["tools", "vision"]).map((list) => new Set(list));
const price = {
  inputNanosPerMTok: 10n ** 9n,
  cachedInputNanosPerMTok: undefined,
  outputNanosPerMTok: 10n ** 10n,
};

const modelOf = (name: string): fc.Arbitrary<Model> =>
  fc
    .record({
      at: fc.oneof(
        { weight: 9, arbitrary: fc.shuffledSubarray(upstreams, { minLength: 1 }) },
        { weight: 1, arbitrary: fc.constant([]) },
      ),
      contextWindowTokens: fc.constantFrom(undefined, 1000, 2000, 4000),
      capabilities: rarely(3, capabilities),
      price: fc.constantFrom(undefined, price, price),
    })
    .map(({ at, ...fields }) => sampleModel(`acme/${name}`, at, fields));

const split: fc.Arbitrary<CanarySplit | undefined> = fc.constantFrom(
  undefined,
  ...[0, 500, 5000, 10_000].map((weightBasisPoints) => ({ stable: "old", canary: "new", weightBasisPoints })),
);

const catalog: fc.Arbitrary<Catalog> = fc
  .record({
    models: fc.tuple(...names.map(modelOf)),
    tiers: fc.record({ simple: modelIds, standard: modelIds }),
    fallback: fc.record({ rateLimited: modelIds, unavailable: modelIds, contextTooLong: modelIds }),
    canary: split,
  })
  .map(({ models, ...rest }) => sampleCatalog(models, rest));

const target: fc.Arbitrary<CallTarget> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("model" as const), model: modelId }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("tier" as const),
      tier: fc.constantFrom("simple", "standard"),
    }),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(modelId, fc.constantFrom(...upstreams))
      .map(([model, upstream]) => ({ kind: "deployment" as const, deployment: `${model}@${upstream}` })),
  },
);

const mode: fc.Arbitrary<FallbackMode> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<FallbackMode>({ kind: "configured" }) },
  { weight: 1, arbitrary: fc.constantFrom<FallbackMode>({ kind: "none" }, { kind: "same-model" }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("chain" as const), models: modelIds }) },
);

const facts: fc.Arbitrary<CallFacts> = fc
  .record({
    target,
    fallback: mode,
    onContentFilter: fc.boolean(),
    requiredCapabilities: rarely(4, capabilities),
    inputTokens: fc.nat(1200).map((tokens) => ({ estimate: tokens * 2, atLeast: tokens })),
    maxOutputTokens: rarely(4, fc.nat(1000)),
    maxCostNanos: rarely(8, fc.bigInt(0n, 10n ** 7n)),
    canary: fc.constantFrom("assigned", "assigned", "assigned", "assigned", "exclude", "require"),
    affinityKey: rarely(3, fc.string()),
    requestId: fc.nat().map(String),
  })
  .map(({ requiredCapabilities = new Set<Capability>(), ...rest }) =>
    sampleFacts({ ...rest, requiredCapabilities }),
  );

/** Calls of every kind, at catalogs of every kind, in worlds in which anything may break. */
export const arbitraryRun: fc.Arbitrary<RoutedRun> = fc
  .record({
    catalog,
    facts,
    world: fc.array(deployment, { minLength: 15, maxLength: 15 }),
    allowanceMs: fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(300, 2000, 20_000, 120_000, 120_000, 600_000) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 120_000 }) },
    ),
    latePercent: rarely(6, fc.nat(100)),
    drainAfterMs: rarely(8, fc.nat(60_000)),
    maxAttempts: fc.integer({ min: 1, max: 8 }),
    baseMs: fc.constantFrom(1, 100, 1000, 1000),
    capMs: fc.constantFrom(20, 60_000, 60_000, 300_000),
    jitter: fc.constantFrom("full", "equal", "none"),
    retryBudget: fc.nat(6),
    consecutiveFailures: fc.integer({ min: 1, max: 5 }),
    restart: fc.boolean(),
    seed: fc.nat(),
  })
  .map(({ catalog, facts, world, baseMs, capMs, jitter, latePercent = 0, ...rest }) => {
    const result = planRoute(catalog, facts);
    if (result.kind === "rejected") return undefined;
    const { plan } = result;
    const deployments = Object.fromEntries([...catalog.deployments.keys()].map((id, at) => [id, world[at]!]));
    const lateMs = (rest.allowanceMs * latePercent) / 100;
    const script = { ...rest, plan, deployments, lateMs, backoff: { baseMs, capMs, jitter } };
    return { catalog, facts, script };
  })
  .filter((run) => run !== undefined);
