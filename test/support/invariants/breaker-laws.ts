import { replay } from "../reference-breaker.ts";
import { type Invariant, nameOfRequest, roundingMs } from "./invariant.ts";
import {
  type BreakerRecord,
  isBefore,
  type Moment,
  type PermitRecord,
  type RunRecord,
} from "./run-record.ts";

/** What breakers let through, and what they learn. */
export const breakerLaws: readonly Invariant[] = [
  {
    number: 8,
    says: "a half-open breaker has at most one probe under way",
    *breaches({ breakers }) {
      for (const { name, permits, byHand } of breakers.values()) {
        const trials = permits.filter(({ trial }) => trial);
        for (const [index, { began }] of trials.entries()) {
          const before = trials[index - 1];
          // An operator may end one.
          if (byHand.some((when) => before && isBefore(before.began, when) && isBefore(when, began)))
            continue;
          if (before !== undefined && !isBefore(before.settlements[0]?.when, began))
            yield `${name} has a second probe at ${began.at}, begun before the one of ${before.began.at} ended`;
        }
      }
    },
  },
  {
    number: 9,
    says: "nothing is sent to a deployment while its breaker, or its upstream's, is open",
    *breaches({ requests, breakers }) {
      for (const request of requests) {
        const { deployment, began, visit } = request;
        for (const name of [deployment.id, deployment.upstream]) {
          const opened = changeBefore(breakers.get(name)!, began);
          if (opened?.to !== "open") continue;
          // It had just got its grant when somebody else's failure came in at the same instant.
          const granted = visit.requests[0] === request && isBefore(visit.began, opened.when);
          if (granted && visit.began.at === began.at) continue;
          yield `${nameOfRequest(request)} is sent though ${name} is open since ${opened.when.at}`;
        }
      }
    },
  },
  {
    number: 10,
    says: "an outcome of an older generation never changes a breaker",
    *breaches({ breakers }) {
      for (const [name, { stale, changed, when, outcome }] of settlementsOf(breakers)) {
        if (stale && changed) yield `${name} hears of a stale ${outcome} at ${when.at} and changes`;
      }
    },
  },
  {
    number: 11,
    says: "an outcome that is to be ignored changes nothing",
    *breaches({ breakers }) {
      for (const [name, { changed, when, outcome }, { trial }] of settlementsOf(breakers)) {
        if (outcome === "ignore" && !trial && changed)
          yield `${name} is to ignore an outcome at ${when.at} and changes`;
      }
    },
  },
  {
    number: 12,
    says: "no breaker waits for a probe beyond the probe's deadline",
    *breaches({ breakers, looks }) {
      const end = looks.at(-1)!.when.at;
      for (const { name, permits, changes } of breakers.values()) {
        for (const { trial, began, deadline } of permits) {
          const latest = (deadline ?? began.at + 150_000) + 1000 + roundingMs;
          if (!trial || latest >= end) continue;
          const left = changes.find((change) => isBefore(began, change.when));
          if (left === undefined || left.when.at > latest)
            yield `${name} is still half-open at ${latest}, by when its probe of ${began.at} was due`;
        }
      }
    },
  },
  {
    number: 13,
    says: "a breaker stays open no shorter after each failed probe, never beyond its cap, and anew once closed",
    *breaches({ breakers, settings }) {
      const { openMs, maxOpenMs } = settings.breaker;
      const cap = Math.max(openMs, maxOpenMs);
      for (const { name, changes } of breakers.values()) {
        let last = 0;
        for (const { when, from, to, cause, openMs: ms } of changes) {
          if (to === "closed") last = 0;
          if (to !== "open" || cause?.kind === "trip" || cause?.kind === "settle-trip") continue;
          const ignored = cause?.kind === "settle" && cause.outcome === "ignore";
          if (ignored) {
            if (Math.abs(ms - 1000) > roundingMs)
              yield `${name} opens for ${ms} ms at ${when.at} after no answer`;
            continue;
          }
          const most = from === "closed" ? Math.min(cap, openMs * 1.2) : cap;
          const least = Math.max(openMs, last);
          if (ms < least - roundingMs || ms > most + roundingMs)
            yield `${name} opens for ${ms} ms at ${when.at}: not from ${least} to ${most}`;
          last = ms;
        }
      }
    },
  },
  {
    number: 29,
    says: "every breaker does with its trace what the reference breaker does",
    *breaches({ breakers, settings }) {
      for (const { name, trace, log } of breakers.values()) {
        const expected = replay(trace, settings.breaker, settings.chance);
        const at = expected.findIndex((line, index) => line !== log[index]);
        if (at >= 0 || log.length !== expected.length) {
          const place = at < 0 ? expected.length : at;
          yield `${name} does "${log[place]}", the reference "${expected[place]}"`;
        }
      }
    },
  },
];

function changeBefore(
  { changes }: BreakerRecord,
  when: Moment,
): BreakerRecord["changes"][number] | undefined {
  return changes.findLast((change) => isBefore(change.when, when));
}

function* settlementsOf(
  breakers: RunRecord["breakers"],
): Generator<readonly [string, PermitRecord["settlements"][number], PermitRecord]> {
  for (const { name, permits } of breakers.values())
    for (const permit of permits)
      for (const settlement of permit.settlements) yield [name, settlement, permit];
}
