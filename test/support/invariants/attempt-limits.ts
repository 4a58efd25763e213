import type { FailureKind } from "../../../src/routing/failure.ts";
import { type Invariant, nameOf, nameOfRequest, roundingMs } from "./invariant.ts";
import { type CallRecord, isBefore, type RequestRecord, type VisitRecord } from "./run-record.ts";

/** How many attempts a call may make, when, and who pays for them. */
export const attemptLimits: readonly Invariant[] = [
  {
    number: 1,
    says: "a call makes at most its attempts, and a visit tries at most three different keys",
    *breaches({ calls, visits }) {
      for (const call of calls) {
        const most = call.planned.limits.maxAttempts;
        if (call.visits.length > most) yield `${nameOf(call)} made ${call.visits.length} of ${most} attempts`;
      }
      for (const { call, requests, deployment } of visits) {
        const keys = new Set(requests.map(({ secret }) => secret));
        if (requests.length > 3 || keys.size < requests.length)
          yield `${nameOf(call)} made ${requests.length} requests with ${keys.size} keys at ${deployment.id}`;
      }
    },
  },
  {
    number: 2,
    says: "repeated attempts and hedges at an upstream stay within what first attempts and time have earned",
    *breaches({ visits, settings, startedAt }) {
      const { budgetRatio, budgetPerSecond } = settings.retry;
      const paid = new Map<string, number>();
      const first = new Map<string, Set<CallRecord>>();
      for (const visit of visits) {
        const { upstream } = visit.deployment;
        const callers = first.get(upstream) ?? new Set();
        first.set(upstream, callers);
        if (isRepeated(visit) || isHedge(visit)) {
          const count = (paid.get(upstream) ?? 0) + 1;
          paid.set(upstream, count);
          const seconds = (visit.began.at - startedAt) / 1000;
          const earned = 10 + budgetRatio * callers.size + budgetPerSecond * seconds;
          if (count > earned + roundingMs)
            yield `${upstream} had ${count} repeated attempts at ${visit.began.at}, and earned ${earned}`;
        }
        callers.add(visit.call);
      }
    },
  },
  {
    number: 3,
    says: "no attempt starts, and no wait begins, without time for it, after a cancel or in a drain",
    *breaches({ requests, calls, drained }) {
      for (const request of requests) {
        const { call, began, visit } = request;
        const { deadline, allowanceMs } = call.planned.limits;
        const isFirst = request.number === 1;
        const last = deadline - (isFirst ? 0 : minUsefulMs(allowanceMs));
        if (began.at > last - roundingMs) yield `${nameOfRequest(request)} starts after ${last}`;
        if (isBefore(call.ending?.when, began)) yield `${nameOfRequest(request)} starts in an ended call`;
        if (isBefore(call.left, began)) yield `${nameOfRequest(request)} starts though its caller left`;
        if (isBefore(drained, began)) yield `${nameOfRequest(request)} starts in a drain`;
        if (visit.settlements.some(({ when }) => isBefore(when, began)))
          yield `${nameOfRequest(request)} starts without a grant`;
      }
      for (const call of calls) {
        const { deadline, allowanceMs } = call.planned.limits;
        for (const { when, ms } of call.waits) {
          if (isBefore(call.ending?.when, when) || isBefore(drained, when))
            yield `${nameOf(call)} waits at ${when.at} though it has ended`;
          if (when.at + ms > deadline - minUsefulMs(allowanceMs) - roundingMs)
            yield `${nameOf(call)} waits ${ms} ms at ${when.at} for an attempt that has no time`;
        }
      }
    },
  },
  {
    number: 18,
    says: "what an upstream refuses for the caller's fault is asked of nobody else",
    *breaches({ calls }) {
      for (const call of calls) {
        for (const request of call.requests) {
          const kind = judged(request);
          if (kind === undefined || !isCallersFault(kind, call)) continue;
          const later = call.requests.find((each) => isBefore(request.ended, each.began));
          if (later !== undefined)
            yield `${nameOfRequest(later)} follows a ${kind} of ${nameOfRequest(request)}`;
          const status = call.statuses[0]?.status;
          if (status?.kind !== "failed" || call.ending !== undefined) continue;
          // To whoever has content of another answer, the stream broke.
          if (status.failure.kind !== kind && !status.failure.contentSent)
            yield `${nameOf(call)} ends with ${status.failure.kind} after a ${kind}`;
        }
      }
    },
  },
];

/** Below this a further attempt is not worth its load: restated from the design. */
export function minUsefulMs(allowanceMs: number): number {
  return Math.min(2000, allowanceMs * 0.1);
}

/** How the ledger was told that this request failed; undefined where it did not, or lost a race. */
export function judged({ call, number }: RequestRecord): FailureKind | undefined {
  const entry = call.entries.find((each) => each.number === number);
  return entry?.outcome === "hedge-lost" ? undefined : entry?.failure?.kind;
}

export function isCallersFault(kind: FailureKind, { facts }: CallRecord): boolean {
  if (kind === "content-filtered") return !facts.onContentFilter;
  return kind === "invalid-request" || kind === "request-too-large";
}

/** On a deployment that this call had tried before, unless a stale connection earned it. */
export function isRepeated(visit: VisitRecord): boolean {
  const { visits } = visit.call;
  const before = visits
    .slice(0, visits.indexOf(visit))
    .filter((each) => each.deployment === visit.deployment);
  const last = before.at(-1)?.requests.at(-1);
  return last !== undefined && judged(last) !== "stale-connection";
}

/** Asked while another was silent. */
export function isHedge({ requests, call }: VisitRecord): boolean {
  const number = requests[0]?.number;
  return call.entries.some((entry) => entry.number === number && entry.reason === "hedge");
}
