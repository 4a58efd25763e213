import { type Invariant, nameOf, nameOfRequest } from "./invariant.ts";
import { isBefore, overAt } from "./run-record.ts";

/** What calls take and give back. */
export const holdings: readonly Invariant[] = [
  {
    number: 7,
    says: "every grant and every key is given back once, and every permit hears of its end",
    *breaches({ visits, leases, leftOver, breakers }) {
      for (const { call, deployment, settlements } of visits)
        if (settlements.length !== 1)
          yield `${nameOf(call)} settled its grant at ${deployment.id} ${settlements.length} times`;
      for (const { secret, upstream, picked, settlements } of leases)
        if (settlements.length !== 1)
          yield `${secret} of ${upstream}, picked at ${picked.at}, was settled ${settlements.length} times`;
      for (const { name, permits } of breakers.values())
        for (const { began, settlements } of permits)
          if (settlements.length === 0) yield `a permit of ${name}, given at ${began.at}, was never settled`;
      if (leftOver.inFlight > 0) yield `${leftOver.inFlight} calls are in flight at the end`;
      if (leftOver.keysInFlight > 0) yield `${leftOver.keysInFlight} keys are in use at the end`;
    },
  },
  {
    number: 25,
    says: "a deployment has no more calls than its limiter lets in, and the limit stays within its bounds",
    *breaches({ visits, requests, looks, settings }) {
      const { min, max } = settings.limiter;
      for (const { call, deployment, room } of visits)
        if (room.inFlight >= Math.max(1, Math.floor(room.limit)))
          yield `${nameOf(call)} is let into ${deployment.id} as number ${room.inFlight + 1} of ${room.limit}`;
      for (const [, group] of Map.groupBy(requests, ({ deployment }) => deployment)) {
        for (const [index, request] of group.entries()) {
          // What ends at the same instant may be on its way to be told so.
          const before = group
            .slice(0, index)
            .filter((each) => !((overAt(each)?.at ?? Infinity) <= request.began.at));
          if (before.length >= Math.max(1, max))
            yield `${nameOfRequest(request)} is number ${before.length + 1} of ${max}`;
        }
      }
      for (const { when, fleet } of looks) {
        for (const { deployment, limit, inFlight } of fleet) {
          if (limit < Math.min(min, max) || limit > max || inFlight < 0)
            yield `${deployment.id} has ${inFlight} calls of ${limit} at ${when.at}`;
          const held = visits.filter(
            (visit) =>
              visit.deployment === deployment &&
              isBefore(visit.began, when) &&
              !visit.settlements.some((each) => isBefore(each.when, when)),
          );
          if (held.length !== inFlight)
            yield `${deployment.id} counts ${inFlight} calls at ${when.at}, and has ${held.length}`;
        }
      }
    },
  },
  {
    number: 27,
    says: "nothing is left once every call has ended: no timer, no listener, no request",
    *breaches({ leftOver, requests, looks }) {
      for (const { when, idleTimers } of looks)
        if (idleTimers > 0) yield `${idleTimers} timers wait at ${when.at}, and no call runs`;
      for (const [what, count] of Object.entries(leftOver))
        if (count > 0) yield `left over: ${count} ${what}`;
      for (const request of requests)
        if (overAt(request) === undefined) yield `${nameOfRequest(request)} was never ended`;
    },
  },
];
