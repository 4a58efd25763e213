import type { Usage } from "../../gen/switchyard/v1/content_pb.ts";
import type { Failure } from "../routing/failure.ts";
import type { SkipReason } from "../routing/skip-reason.ts";
import type { BreakerStateName } from "./permit.ts";

/** Why an attempt was made. */
export type AttemptReason = "primary" | "canary" | "pinned" | "retry" | "fallback" | "hedge" | "restart";

/** What an attempt or a call cost. */
export interface AttemptCost {
  /** 0 where unpriced: then it must not be summed. */
  readonly nanos: bigint;
  readonly unpriced: boolean;
  readonly estimated: boolean;
}

/** One upstream call, ended. */
export interface AttemptEntry {
  readonly kind: "attempt";
  /** From 1. */
  readonly number: number;
  readonly deployment: string;
  readonly model: string;
  readonly upstream: string;
  readonly reason: AttemptReason;
  readonly outcome: "succeeded" | "failed" | "timed-out" | "cancelled" | "hedge-lost";
  readonly failure: Failure | undefined;
  /** As it began. */
  readonly breakerState: BreakerStateName;
  readonly keyId: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Waited before it. */
  readonly backoffMs: number;
  readonly latencyMs: number;
  readonly firstTokenMs: number | undefined;
  readonly usage: Usage | undefined;
  /** Undefined: nothing was produced that anybody bills. */
  readonly cost: AttemptCost | undefined;
}

/** A candidate passed over. */
export interface SkipEntry {
  readonly kind: "skip";
  readonly deployment: string;
  readonly skip: SkipReason;
  readonly breakerState: BreakerStateName;
}

export type TrailEntry = AttemptEntry | SkipEntry;

/** The decisions of one call in the order in which they were made. */
export interface Trail {
  add(entry: TrailEntry): void;
  entries(): readonly TrailEntry[];
  /** Those of them that were made, not passed over. */
  attempts(): readonly AttemptEntry[];
  /** The last one that ended. */
  lastAttempt(): AttemptEntry | undefined;
  /** Over all attempts, failed ones that were billed included. */
  totalCost(): AttemptCost;
}

/** @see test/attempt/trail.test.ts */
export function createTrail(): Trail {
  return new CallTrail();
}

class CallTrail implements Trail {
  #entries: TrailEntry[] | undefined;
  #attempts: AttemptEntry[] | undefined;

  add(entry: TrailEntry): void {
    this.#entries = added(this.#entries, entry);
    if (entry.kind === "attempt") this.#attempts = added(this.#attempts, entry);
  }

  entries(): readonly TrailEntry[] {
    return this.#entries ?? none;
  }

  attempts(): readonly AttemptEntry[] {
    return this.#attempts ?? none;
  }

  lastAttempt(): AttemptEntry | undefined {
    return this.#attempts?.at(-1);
  }

  totalCost(): AttemptCost {
    return sumCosts(this.attempts().map(({ cost }) => cost));
  }
}

const none: readonly never[] = [];

/** Most calls have one entry: an array made with it has no room for sixteen more, as one that is pushed to has. */
function added<T>(list: T[] | undefined, member: T): T[] {
  if (list === undefined) return [member];
  list.push(member);
  return list;
}

/** Sum of what was billed. One unpriced part makes the whole unpriced: a sum without it would be a lie. */
export function sumCosts(costs: readonly (AttemptCost | undefined)[]): AttemptCost {
  let nanos = 0n;
  let unpriced = false;
  let estimated = false;
  for (const cost of costs) {
    if (cost === undefined) continue;
    if (cost.unpriced) unpriced = true;
    else nanos += cost.nanos;
    if (cost.estimated) estimated = true;
  }
  return { nanos: unpriced ? 0n : nanos, unpriced, estimated };
}
