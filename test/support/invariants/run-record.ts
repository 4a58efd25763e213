import type { StreamEvent } from "../../../src/attempt/call-outcome.ts";
import type { BreakerStateName } from "../../../src/attempt/permit.ts";
import type { DeploymentSnapshot } from "../../../src/attempt/fleet.ts";
import type { GrantVerdict } from "../../../src/attempt/grant.ts";
import type { CallEnding, PlannedCall } from "../../../src/attempt/planned-call.ts";
import type { AttemptEntry } from "../../../src/attempt/trail.ts";
import type { CallFacts } from "../../../src/routing/call-facts.ts";
import type { CallFailure } from "../../../src/routing/call-failure.ts";
import type { Deployment } from "../../../src/routing/catalog.ts";
import type { Failure } from "../../../src/routing/failure.ts";
import type { SkipReason } from "../../../src/routing/skip-reason.ts";
import type { RouteSummary } from "../../../src/telemetry/route-span.ts";
import type { StreamBatch } from "../../../src/upstream/upstream.ts";
import type { Usage } from "../../../gen/switchyard/v1/content_pb.ts";
import type { BreakerEvent, PermitOutcome } from "../reference-breaker.ts";
import type { WorldSettings } from "./world-settings.ts";

/** When something happened: many things share an instant, so `order` counts over everything in a run. */
export interface Moment {
  readonly at: number;
  readonly order: number;
}

/** Everything that calls, fleet, keys and upstreams did in one run of the model; what the invariants judge. */
export interface RunRecord {
  readonly settings: WorldSettings;
  readonly startedAt: number;
  readonly calls: readonly CallRecord[];
  /** In the order of their beginnings, over all calls; as are the others. */
  readonly visits: readonly VisitRecord[];
  readonly requests: readonly RequestRecord[];
  readonly leases: readonly LeaseRecord[];
  readonly replacements: readonly { readonly upstream: string; readonly when: Moment }[];
  readonly breakers: ReadonlyMap<string, BreakerRecord>;
  /** What is there after each command. */
  readonly looks: readonly Look[];
  /** Changes of the canary's share, in basis points. */
  readonly shares: readonly { readonly basisPoints: number; readonly when: Moment }[];
  readonly drained: Moment | undefined;
  readonly leftOver: LeftOver;
}

interface Look {
  readonly when: Moment;
  readonly fleet: readonly DeploymentSnapshot[];
  /** Timers though no call runs, those of open breakers and of a drain excepted. */
  readonly idleTimers: number;
}

/** What is still held once every call has ended and the fleet is closed: nothing. */
interface LeftOver {
  readonly timers: number;
  readonly listeners: number;
  readonly inFlight: number;
  readonly keysInFlight: number;
  /** Calls that never came to an end. */
  readonly callsRunning: number;
}

/** How a call ended for its caller. */
export type CallStatus =
  | { readonly kind: "ok"; readonly served: AttemptEntry; readonly text: string }
  | { readonly kind: "failed"; readonly failure: CallFailure };

export interface CallRecord {
  readonly number: number;
  readonly planned: PlannedCall;
  readonly facts: CallFacts;
  /** Of the canary when it was planned, in basis points; undefined: there is none. */
  readonly share: number | undefined;
  readonly stream: boolean;
  /** The caller reads as fast as events come. */
  readonly eager: boolean;
  readonly begun: Moment;
  readonly visits: VisitRecord[];
  readonly requests: RequestRecord[];
  readonly skips: SkipRecord[];
  readonly waits: WaitRecord[];
  /** What the ledger was told. */
  readonly entries: AttemptEntry[];
  readonly events: { readonly when: Moment; readonly event: StreamEvent }[];
  readonly statuses: { readonly when: Moment; readonly status: CallStatus }[];
  /** Ended from outside. */
  ending: { readonly when: Moment; readonly why: CallEnding } | undefined;
  /** A stream whose caller stopped reading. */
  left: Moment | undefined;
  /** What was thrown at the caller: always a bug. */
  readonly thrown: unknown[];
  readonly summaries: RouteSummary[];
}

/** One candidate's turn in a call: one grant. */
export interface VisitRecord {
  readonly call: CallRecord;
  readonly deployment: Deployment;
  readonly began: Moment;
  readonly probe: boolean;
  /** Of the deployment's limiter, before it. */
  readonly room: { readonly limit: number; readonly inFlight: number };
  committed: Moment | undefined;
  readonly settlements: { readonly when: Moment; readonly verdict: GrantVerdict }[];
  readonly requests: RequestRecord[];
}

/** One request as its upstream saw it. */
export interface RequestRecord {
  readonly call: CallRecord;
  readonly visit: VisitRecord;
  /** From 1, within the call. */
  readonly number: number;
  readonly deployment: Deployment;
  readonly keyId: string;
  readonly secret: string;
  readonly stream: boolean;
  readonly began: Moment;
  /** Answered, failed, read to its end or left. */
  ended: Moment | undefined;
  aborted: Moment | undefined;
  failure: Failure | undefined;
  /** Of a unary answer. */
  answer: { readonly text: string; readonly usage: Usage | undefined } | undefined;
  /** Of a stream, as they were read. */
  readonly batches: StreamBatch[];
}

export interface SkipRecord {
  readonly when: Moment;
  readonly deployment: Deployment;
  readonly why: SkipReason | "retry-budget";
  /** Of its own breaker and its upstream's. */
  readonly breakers: readonly BreakerStateName[];
  readonly room: {
    readonly limit: number;
    readonly inFlight: number;
    readonly heldUntil: number | undefined;
  };
  readonly keysBlocked: boolean;
}

export interface WaitRecord {
  readonly when: Moment;
  readonly ms: number;
  readonly why: string;
  /** Until the first of all deployments that the call could ever use may be called. */
  readonly soonestMs: number;
}

export interface LeaseRecord {
  readonly upstream: string;
  readonly upstreamModel: string;
  readonly keyId: string;
  /** Which of the secrets that stood under its id. */
  readonly secret: string;
  /** It was among the keys of its upstream when it was picked. */
  readonly isCurrent: boolean;
  readonly picked: Moment;
  readonly settlements: { readonly when: Moment; readonly failure: Failure | undefined }[];
}

export interface BreakerRecord {
  readonly name: string;
  /** For the reference breaker. */
  readonly trace: readonly BreakerEvent[];
  readonly log: readonly string[];
  readonly changes: readonly BreakerChange[];
  readonly permits: readonly PermitRecord[];
  /** Whether an operator closed or opened it by hand. */
  readonly byHand: readonly Moment[];
}

export interface BreakerChange {
  readonly when: Moment;
  readonly from: BreakerStateName;
  readonly to: BreakerStateName;
  /** Of one that opens: how long. */
  readonly openMs: number;
  /** What was being done with it; undefined: time alone. */
  readonly cause: BreakerEvent | undefined;
}

export interface PermitRecord {
  readonly trial: boolean;
  readonly began: Moment;
  readonly deadline: number | undefined;
  readonly settlements: {
    readonly when: Moment;
    readonly outcome: PermitOutcome | "trip";
    /** The breaker changed since the permit was given, or since its own success. */
    readonly stale: boolean;
    /** What is stale or to be ignored changed the breaker, its counts included, nevertheless. */
    readonly changed: boolean;
  }[];
}

/** Whether one came before the other. */
export function isBefore(one: Moment | undefined, other: Moment): boolean {
  return one !== undefined && one.order < other.order;
}

/** When a request stopped to be a load for its upstream; undefined while it is one. */
export function overAt({ ended, aborted }: RequestRecord): Moment | undefined {
  if (ended === undefined || aborted === undefined) return ended ?? aborted;
  return ended.order < aborted.order ? ended : aborted;
}
