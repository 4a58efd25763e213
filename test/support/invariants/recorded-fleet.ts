import type { Fleet } from "../../../src/attempt/fleet.ts";
import type { CallRecord, Moment, VisitRecord } from "./run-record.ts";

/** The fleet, with every grant written down as a visit of the call that took it. */
export function recordFleet(
  fleet: Fleet,
  moment: () => Moment,
  currentCall: () => CallRecord,
  visits: VisitRecord[],
): Fleet {
  return {
    ...fleet,
    acquire: (id, deadline) => {
      const call = currentCall();
      const { deployment, limit, inFlight } = fleet.snapshot().find((each) => each.deployment.id === id)!;
      const grant = fleet.acquire(id, deadline);
      if (grant === undefined) return undefined;
      const visit: VisitRecord = {
        call,
        deployment,
        began: moment(),
        probe: grant.probe,
        room: { limit, inFlight },
        committed: undefined,
        settlements: [],
        requests: [],
      };
      visits.push(visit);
      call.visits.push(visit);
      return {
        probe: grant.probe,
        committed: () => {
          visit.committed ??= moment();
          grant.committed();
        },
        settle: (verdict) => {
          visit.settlements.push({ when: moment(), verdict });
          grant.settle(verdict);
        },
      };
    },
  };
}
