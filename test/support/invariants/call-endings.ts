import type { FailureKind } from "../../../src/routing/failure.ts";
import type { SkipReason } from "../../../src/routing/skip-reason.ts";
import type { Candidate, FallbackClass } from "../../../src/routing/catalog.ts";
import { judged, minUsefulMs } from "./attempt-limits.ts";
import { type Invariant, nameOf, nameOfRequest, roundingMs } from "./invariant.ts";
import { type CallRecord, isBefore, overAt, type SkipRecord } from "./run-record.ts";

/** How calls end for their callers. */
export const callEndings: readonly Invariant[] = [
  {
    number: 4,
    says: "a call ends once, in time, and with the word of whoever ended it",
    *breaches({ calls }) {
      for (const call of calls) {
        for (const bug of call.thrown) yield `${nameOf(call)} threw ${String(bug)}`;
        const { statuses, summaries, left, ending } = call;
        const wanted = left === undefined ? 1 : 0;
        if (statuses.length > 1 || statuses.length < wanted)
          yield `${nameOf(call)} has ${statuses.length} statuses`;
        if (summaries.length !== 1) yield `${nameOf(call)} ended its route ${summaries.length} times`;
        const end = statuses[0];
        if (end === undefined) continue;
        const { deadline } = call.planned.limits;
        if (call.eager && end.when.at > deadline)
          yield `${nameOf(call)} ended at ${end.when.at}, after ${deadline}`;
        if (end.status.kind === "ok") continue;
        const spentAt = deadline - reserveMs(call.planned.limits.allowanceMs) - roundingMs;
        if (end.status.failure.kind === "deadline-exceeded" && end.when.at < spentAt)
          yield `${nameOf(call)} ended as its deadline was spent at ${end.when.at}, before ${spentAt}`;
        if (!isBefore(ending?.when, end.when)) continue;
        // What had come before a slow caller was ended is told to it first.
        const own = end.status.failure.kind === ending?.why;
        if (!own && call.eager)
          yield `${nameOf(call)} ended with ${end.status.failure.kind} though it was ${ending?.why}`;
      }
    },
  },
  {
    number: 19,
    says: "nobody fails a call while somebody else in its chain could still be asked",
    *breaches({ calls }) {
      for (const call of calls) {
        yield* lostAnswers(call);
        const end = call.statuses[0];
        if (end?.status.kind !== "failed" || call.ending !== undefined) continue;
        const { kind, contentSent } = end.status.failure;
        if (contentSent || isFinal(kind, call)) continue;
        const { deadline, allowanceMs, maxAttempts } = call.planned.limits;
        const spent = call.visits.length >= maxAttempts;
        const late = deadline - end.when.at - reserveMs(allowanceMs) <= minUsefulMs(allowanceMs);
        if (spent || late || kind === "draining" || kind === "deadline-exceeded") continue;
        for (const { deployment, model } of chainOf(call)) {
          const known = [...call.visits, ...call.skips].some((each) => each.deployment.id === deployment.id);
          if (!known && !isTooSmall(model.contextWindowTokens, call))
            yield `${nameOf(call)} fails with ${kind}, and never asked ${deployment.id}`;
        }
      }
      for (const call of calls) for (const skip of call.skips) if (!isTrue(skip)) yield untrue(call, skip);
    },
  },
  {
    number: 24,
    says: "a caller is told when to come back, within 144 s, exactly where that may help",
    *breaches({ calls }) {
      for (const call of calls) {
        const status = call.statuses[0]?.status;
        if (status?.kind !== "failed") continue;
        const { kind, retryAfterMs, contentSent } = status.failure;
        if (retryAfterMs !== undefined && !(retryAfterMs >= 0 && retryAfterMs <= 144_000))
          yield `${nameOf(call)} is told to come back in ${retryAfterMs} ms`;
        const helps = helpsToWait(call, kind);
        // A machine does not repeat an answer of which a part was sent; the server leaves the word out.
        if (helps !== undefined && !contentSent && helps !== (retryAfterMs !== undefined))
          yield `${nameOf(call)} ends with ${kind} and is ${helps ? "not " : ""}told when to come back`;
      }
    },
  },
];

/** What waiting may help with: restated from the table of the contract. */
const retryable: ReadonlySet<FailureKind> = new Set([
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
  "stream-broken",
  "draining",
  "local",
]);

/** Undefined where both are right. */
function helpsToWait(call: CallRecord, kind: FailureKind | "none-available"): boolean | undefined {
  if (kind === "cancelled" || kind === "deadline-exceeded") return false;
  if (isFinal(kind, call)) return kind === "local";
  if (kind === "draining") return true;
  const failures = call.entries.flatMap(({ failure }) => (failure === undefined ? [] : [failure.kind]));
  if (failures.length > 0) return failures.some((each) => retryable.has(each)) ? true : undefined;
  return call.skips.length > 0 ? true : undefined;
}

function isFinal(kind: FailureKind | "none-available", call: CallRecord): boolean {
  switch (kind) {
    case "invalid-request":
    case "request-too-large":
    case "context-too-long":
    case "content-filtered":
    case "local":
      return true;
    case "cancelled":
      return call.ending !== undefined;
    default:
      return false;
  }
}

function reserveMs(allowanceMs: number): number {
  return Math.min(250, allowanceMs * 0.05);
}

/** The call's candidates, and the lists that its failures and skips append. */
function chainOf(call: CallRecord): readonly Candidate[] {
  const { candidates, fallbacks } = call.planned.plan;
  // What another key makes good is the candidate's last word no more than a retry's is.
  const last = call.visits.flatMap(({ requests }) => requests.slice(-1));
  const failed = last.map((request) => fallbackOf(judged(request)));
  const skipped = call.skips.map(({ why }) => fallbackOf(why));
  const opened = new Set([...failed, ...skipped]);
  const lists: readonly FallbackClass[] = ["rateLimited", "unavailable", "contextTooLong"];
  return [...candidates, ...lists.flatMap((list) => (opened.has(list) ? fallbacks[list] : []))];
}

function fallbackOf(why: FailureKind | SkipReason | "retry-budget" | undefined): FallbackClass | undefined {
  switch (why) {
    case "rate-limited":
    case "quota-exhausted":
    case "keys-exhausted":
      return "rateLimited";
    case "context-too-long":
      return "contextTooLong";
    case "unauthorized":
    case "forbidden":
    case "model-missing":
    case "redirected":
    case "overloaded":
    case "server-error":
    case "conflict":
    case "unreachable":
    case "connection-lost":
    case "timeout":
    case "bad-response":
    case "breaker-open":
    case "at-capacity":
    case "keys-quarantined":
      return "unavailable";
    default:
      return undefined;
  }
}

/** Some model of the call was too small for it, and this one is no larger. */
function isTooSmall(window: number | undefined, { entries, planned }: CallRecord): boolean {
  const { candidates, fallbacks } = planned.plan;
  const all = [...candidates, ...Object.values(fallbacks).flat()];
  return entries.some(({ failure, model }) => {
    if (failure?.kind !== "context-too-long") return false;
    const failed = all.find((each) => each.model.id === model)?.model;
    return (
      (window ?? Infinity) <= (failed?.contextWindowTokens ?? 0) || window === failed?.contextWindowTokens
    );
  });
}

/** A whole answer reaches its caller. */
function* lostAnswers(call: CallRecord): Generator<string> {
  if (call.ending !== undefined || call.left !== undefined) return;
  for (const request of call.requests) {
    const entry = call.entries.find((each) => each.number === request.number);
    if (entry?.outcome === "succeeded" && call.statuses[0]?.status.kind !== "ok")
      yield `${nameOfRequest(request)} succeeded, and its call did not`;
    const kind = judged(request);
    if (request.answer !== undefined && kind !== undefined && overAt(request) === request.ended)
      yield `${nameOfRequest(request)} was answered, and counts as ${kind}`;
  }
}

/** Whether what a candidate was passed over for was so. */
function isTrue({ why, breakers, room, keysBlocked }: SkipRecord): boolean {
  switch (why) {
    case "breaker-open":
      return breakers.some((state) => state !== "closed");
    case "at-capacity":
      return room.heldUntil !== undefined || room.inFlight >= Math.max(1, Math.floor(room.limit));
    case "keys-exhausted":
    case "keys-quarantined":
      return keysBlocked;
    default:
      return true;
  }
}

function untrue(call: CallRecord, { deployment, why, when }: SkipRecord): string {
  return `${nameOf(call)} passed over ${deployment.id} at ${when.at} as ${why}, which it was not`;
}
