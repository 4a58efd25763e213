import type { RouteEnd } from "../../src/attempt/route-summary.ts";
import type { CallLimits, PlannedCall } from "../../src/attempt/planned-call.ts";
import { type AttemptEntry, createTrail, type TrailEntry } from "../../src/attempt/trail.ts";
import { type Arm, canaryBucket, canaryBuckets } from "../../src/routing/canary-arm.ts";
import type { CallFacts } from "../../src/routing/call-facts.ts";
import type { CallFailure } from "../../src/routing/call-failure.ts";
import type { Catalog } from "../../src/routing/catalog.ts";
import type { FailureKind } from "../../src/routing/failure.ts";
import { planRoute } from "../../src/routing/plan-route.ts";
import type { RouteSpan } from "../../src/telemetry/route-span.ts";
import { attemptEntry, skipEntry } from "./call-samples.ts";
import { sampleCatalog, sampleFacts, sampleFailure, sampleModel } from "./routing-samples.ts";

/** Two models at both upstreams, `a` with another one behind, and one at `old` alone. */
export const canaryCatalog: Catalog = sampleCatalog(
  [
    sampleModel("acme/a", ["old", "new"]),
    sampleModel("acme/b", ["old", "new"]),
    sampleModel("acme/c", ["old"]),
  ],
  {
    canary: { stable: "old", canary: "new", weightBasisPoints: 5000 },
    tiers: { simple: ["acme/a"], standard: ["acme/b"] },
    fallback: { unavailable: ["acme/c"] },
  },
);

/** A key of the canary arm with a share of 1 % and more, or of stable with 99 % and less. */
export function keyOf(arm: Arm): string {
  for (let number = 0; ; number++) {
    const bucket = canaryBucket(`key-${number}`);
    if (arm === "canary" ? bucket < canaryBuckets / 100 : bucket >= canaryBuckets * 0.99)
      return `key-${number}`;
  }
}

/** What a call went through, deployment by deployment, in order. */
export type Happening =
  | { readonly at: string; readonly fails: FailureKind; readonly outcome?: AttemptEntry["outcome"] }
  | { readonly at: string; readonly skipped: true }
  | { readonly at: string; readonly serves: true; readonly firstTokenMs?: number; readonly nanos?: bigint };

export interface EndedCallOptions {
  readonly catalog?: Catalog;
  readonly facts?: Partial<CallFacts>;
  readonly limits?: Partial<CallLimits>;
  /** Instant of its start. */
  readonly startedAt?: number;
  readonly stream?: boolean;
}

/** A call that went through all this, and how it ended; without a server at the end it failed as it failed last. */
export function endedCall(
  happenings: readonly Happening[],
  options: EndedCallOptions = {},
): { readonly call: PlannedCall; readonly end: RouteEnd } {
  const { catalog = canaryCatalog, facts, limits, startedAt = 0, stream = false } = options;
  const planned = planRoute(catalog, sampleFacts(facts));
  if (planned.kind === "rejected") throw new Error(`no plan: ${planned.rejection.kind}`);
  const trail = createTrail();
  const entries = happenings.map(entryOf);
  for (const entry of entries) trail.add(entry);
  const last = entries.at(-1);
  const attempt = last?.kind === "attempt" && last.outcome === "succeeded" ? last : undefined;
  return {
    call: {
      plan: planned.plan,
      trail,
      // A call that has ended is only looked at: nothing else of it is touched.
      route: { facts: { stream }, run: (work) => work() } as Partial<RouteSpan> as RouteSpan,
      limits: {
        deadline: startedAt + 60_000,
        allowanceMs: 60_000,
        deadlineFromCaller: false,
        ...limits,
      } as CallLimits,
    } as Partial<PlannedCall> as PlannedCall,
    end:
      attempt === undefined
        ? { kind: "failed", failure: failureAfter(last) }
        : { kind: "served", served: { attempt, reason: attempt.reason } },
  };
}

function entryOf(happening: Happening): TrailEntry {
  const { at } = happening;
  if ("skipped" in happening) return skipEntry({ deployment: at });
  const upstream = at.slice(at.indexOf("@") + 1);
  const common = { deployment: at, upstream, model: at.slice(0, at.indexOf("@")) };
  if ("serves" in happening) {
    const { firstTokenMs, nanos = 1000n } = happening;
    return attemptEntry({ ...common, firstTokenMs, cost: { nanos, unpriced: false, estimated: false } });
  }
  const { fails, outcome = "failed" } = happening;
  return attemptEntry({
    ...common,
    outcome,
    failure: sampleFailure(fails),
    usage: undefined,
    cost: undefined,
  });
}

function failureAfter(last: TrailEntry | undefined): CallFailure {
  const failure = last?.kind === "attempt" ? last.failure : undefined;
  return {
    kind: failure?.kind ?? "none-available",
    failure,
    retryAfterMs: undefined,
    contentSent: false,
    retriesSpent: false,
  };
}
