import { isCallersFault, isHedge, isRepeated, judged } from "./attempt-limits.ts";
import { canaryDeployment } from "./world-catalog.ts";
import { isBefore, type RunRecord } from "./run-record.ts";

/** How often runs came to what the invariants speak of: one that never does holds for nothing. */
export type RunTally = Readonly<Record<string, number>>;

/** Of one run. */
export function tallyOf(run: RunRecord): RunTally {
  const { calls, visits, requests, leases, breakers, drained, replacements, shares } = run;
  const changes = [...breakers.values()].flatMap((breaker) => breaker.changes);
  const permits = [...breakers.values()].flatMap((breaker) => breaker.permits);
  const settlements = permits.flatMap((permit) => permit.settlements);
  const entries = calls.flatMap((call) => call.entries);
  const skips = calls.flatMap((call) => call.skips);
  const statuses = calls.flatMap((call) => call.statuses.map(({ status }) => status));
  const failures = statuses.flatMap((status) => (status.kind === "failed" ? [status.failure] : []));
  const events = calls.flatMap((call) => call.events.map(({ event }) => event));
  const waits = calls.flatMap((call) => call.waits);
  const count = <T>(list: readonly T[], is: (each: T) => boolean): number => list.filter(is).length;
  return {
    calls: calls.length,
    "calls that end well": count(statuses, ({ kind }) => kind === "ok"),
    "calls that fail": failures.length,
    "calls that spend every attempt": count(
      calls,
      (call) => call.visits.length > 1 && call.visits.length >= call.planned.limits.maxAttempts,
    ),
    "calls that are cancelled": count(calls, ({ ending }) => ending?.why === "cancelled"),
    "calls whose deadline passes": count(calls, ({ ending }) => ending?.why === "deadline-exceeded"),
    "calls that a drain ends": count(calls, ({ ending }) => ending?.why === "draining"),
    "calls whose reader leaves": count(calls, ({ left }) => left !== undefined),
    "calls begun in a drain": count(calls, ({ begun }) => isBefore(drained, begun)),
    "calls told to come back": count(failures, ({ retryAfterMs }) => retryAfterMs !== undefined),
    "calls told nothing": count(failures, ({ retryAfterMs }) => retryAfterMs === undefined),
    "refusals for the caller's fault": count(requests, (request) => {
      const kind = judged(request);
      return kind !== undefined && isCallersFault(kind, request.call);
    }),
    "repeated attempts": count(visits, isRepeated),
    hedges: count(visits, isHedge),
    "lost hedges": count(entries, ({ outcome }) => outcome === "hedge-lost"),
    "key rotations": requests.length - count(visits, (visit) => visit.requests.length > 0),
    "refused retries": count(skips, ({ why }) => why === "retry-budget"),
    "skips for open breakers": count(skips, ({ why }) => why === "breaker-open"),
    "skips for want of room": count(skips, ({ why }) => why === "at-capacity"),
    "skips for resting keys": count(skips, ({ why }) => why === "keys-exhausted"),
    "skips for refused keys": count(skips, ({ why }) => why === "keys-quarantined"),
    "waits for backoff": count(waits, ({ why }) => why === "backoff"),
    "waits for an upstream's word": count(waits, ({ why }) => why === "retry-after"),
    "visits that were let in last": count(visits, ({ room }) => room.inFlight + 1 >= Math.floor(room.limit)),
    "probes that close": count(changes, ({ from, to }) => from === "half-open" && to === "closed"),
    "probes that fail": count(changes, ({ from, to }) => from === "half-open" && to === "open"),
    "breakers that open": count(changes, ({ from, to }) => from === "closed" && to === "open"),
    "stale outcomes": count(settlements, ({ stale }) => stale),
    "ignored outcomes": count(settlements, ({ outcome }) => outcome === "ignore"),
    "late failures": count(settlements, ({ outcome }) => outcome === "lateFailure"),
    "trips for a missing model": count(settlements, ({ outcome }) => outcome === "trip"),
    "ignored probes": permits.filter(({ trial, settlements: own }) => trial && own[0]?.outcome === "ignore")
      .length,
    "streams that restart": count(events, ({ kind }) => kind === "restarted"),
    "streams that break after content": count(failures, ({ contentSent }) => contentSent),
    "estimated costs": count(entries, ({ cost }) => cost?.estimated === true),
    "unpriced costs": count(entries, ({ cost }) => cost?.unpriced === true),
    "keys refused in flight together": count(leases, ({ picked, settlements: own, secret, upstream }) =>
      leases.some(
        (other) =>
          other.secret === secret &&
          other.upstream === upstream &&
          isBefore(other.picked, picked) &&
          own[0]?.failure !== undefined &&
          !isBefore(other.settlements[0]?.when, picked),
      ),
    ),
    "calls of a canary": count(calls, ({ planned }) => planned.plan.arm === "canary"),
    "calls of a canary that stable rescues": count(
      calls,
      ({ planned, statuses: [end] }) =>
        planned.plan.arm === "canary" &&
        end?.status.kind === "ok" &&
        end.status.served.deployment !== canaryDeployment,
    ),
    "requests to a canary by calls from before its roll-back": count(
      requests,
      ({ deployment, began, call }) =>
        deployment.id === canaryDeployment &&
        shares.some(
          ({ basisPoints, when }) => basisPoints === 0 && isBefore(call.begun, when) && isBefore(when, began),
        ),
    ),
    "calls after a roll-back": count(
      calls,
      ({ share, planned: { plan } }) => share === 0 && plan.compared && plan.arm === "stable",
    ),
    "keys replaced in use": count(leases, ({ upstream, picked, settlements: own }) =>
      replacements.some(
        (each) =>
          each.upstream === upstream && isBefore(picked, each.when) && !isBefore(own[0]?.when, each.when),
      ),
    ),
  };
}

export function addTallies(one: RunTally, other: RunTally): RunTally {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...names].map((name) => [name, (one[name] ?? 0) + (other[name] ?? 0)]));
}
