import type { CallRecord, RequestRecord, RunRecord } from "./run-record.ts";

/** Something that holds in every run, whatever callers and upstreams do. */
export interface Invariant {
  /** As the design numbers it. */
  readonly number: number;
  readonly says: string;
  /** A sentence for each breach; none where it holds. */
  readonly breaches: (run: RunRecord) => Iterable<string>;
}

/** A sum of instants may be off by a rounding. */
export const roundingMs = 1e-6;

/** How breaches name a call. */
export function nameOf(call: CallRecord): string {
  return `call ${call.number} (${call.stream ? "stream" : "unary"}, begun at ${call.begun.at})`;
}

/** How breaches name a request. */
export function nameOfRequest({ call, number, deployment, secret, began }: RequestRecord): string {
  return `request ${call.number}.${number} to ${deployment.id} with ${secret} at ${began.at}`;
}
