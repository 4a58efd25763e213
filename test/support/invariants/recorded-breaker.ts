import { isDeepStrictEqual } from "node:util";
import type { Breaker, BreakerStateName, Permit } from "../../../src/attempt/permit.ts";
import type { BreakerEvent, PermitOutcome } from "../reference-breaker.ts";
import type { BreakerChange, BreakerRecord, Moment, PermitRecord } from "./run-record.ts";

/** Writes down what is asked of a breaker, in the words of the reference breaker, and what it does. */
export interface BreakerRecorder {
  readonly record: BreakerRecord;
  /** Listens from now on to everybody who uses this breaker. */
  readonly watch: (breaker: Breaker) => void;
  readonly onTransition: (from: BreakerStateName, to: BreakerStateName) => void;
  /** Time passed until now without anybody asking. */
  readonly look: () => void;
}

export function createBreakerRecorder(name: string, moment: () => Moment): BreakerRecorder {
  const trace: BreakerEvent[] = [];
  const log: string[] = [];
  const changes: BreakerChange[] = [];
  const permits: PermitRecord[] = [];
  const byHand: Moment[] = [];
  let watched: Breaker | undefined;
  let cause: BreakerEvent | undefined;
  /** Counts what ends the life of the permits given so far. */
  let generation = 0;

  const note = (line: string): void => {
    log.push(`${moment().at.toFixed(3)} ${line}`);
  };

  const doing = <T>(event: BreakerEvent, run: () => T): T => {
    trace.push(event);
    cause = event;
    try {
      return run();
    } finally {
      cause = undefined;
    }
  };

  const watchPermit = (
    permit: Permit,
    snapshot: Breaker["snapshot"],
    deadline: number | undefined,
  ): Permit => {
    const number = permits.length;
    const record: PermitRecord = { trial: permit.trial, began: moment(), deadline, settlements: [] };
    permits.push(record);
    let given = generation;
    const settle = (outcome: PermitOutcome | "trip", event: BreakerEvent, run: () => void): void => {
      const stale = given !== generation;
      const isToChangeNothing = stale || (outcome === "ignore" && !permit.trial);
      const before = isToChangeNothing ? snapshot() : undefined;
      doing(event, run);
      if (outcome === "success" && !stale) given = generation;
      const changed = before !== undefined && !isDeepStrictEqual(before, snapshot());
      record.settlements.push({ when: moment(), outcome, stale, changed });
    };
    const settling = (outcome: PermitOutcome) => (): void =>
      settle(outcome, { at: moment().at, kind: "settle", permit: number, outcome }, () => permit[outcome]());
    return {
      trial: permit.trial,
      success: settling("success"),
      failure: settling("failure"),
      ignore: settling("ignore"),
      lateFailure: settling("lateFailure"),
      trip: (ms) =>
        settle("trip", { at: moment().at, kind: "settle-trip", permit: number, ms }, () => permit.trip(ms)),
    };
  };

  return {
    look: () => {
      trace.push({ at: moment().at, kind: "look" });
    },
    record: { name, trace, log, changes, permits, byHand },
    onTransition: (from, to) => {
      note(`${from} to ${to}`);
      generation += 1;
      const when = moment();
      const openMs = to === "open" ? (watched?.readyAt() ?? 0) - when.at : 0;
      changes.push({ when, from, to, openMs, cause });
    },
    watch: (breaker) => {
      watched = breaker;
      const { tryAcquire, trip, reset, snapshot } = breaker;
      // The fleet hands its own breakers to operators: what it calls itself can be listened to there.
      Object.assign(breaker, {
        tryAcquire: (deadline?: number): Permit | undefined => {
          const permit = doing({ at: moment().at, kind: "acquire", deadline }, () => tryAcquire(deadline));
          note(permit === undefined ? "refused" : permit.trial ? "probe" : "call");
          return permit && watchPermit(permit, snapshot, deadline);
        },
        trip: (ms: number): void => {
          byHand.push(moment());
          doing({ at: moment().at, kind: "trip", ms }, () => trip(ms));
        },
        reset: (): void => {
          byHand.push(moment());
          doing({ at: moment().at, kind: "reset" }, reset);
          generation += 1;
        },
        // The fleet's snapshots are taken after every step: the sums of a window would be most of a run's time.
        snapshot: () => ({ state: breaker.state(), changedAt: 0, probeAt: undefined, failurePpm: 0 }),
      } satisfies Partial<Breaker>);
    },
  };
}
