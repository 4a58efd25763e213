import { EventEmitter } from "node:events";

import CircuitBreaker from "opossum";
import type { Settleable } from "opossum";

import type { BreakerConfig } from "../config/config.ts";

/** What a probe is told, once. */
export interface Probe {
  /** Closes the circuit. */
  readonly success: () => void;
  /** Opens it again. */
  readonly failure: () => void;
}

/** One opossum, for as long as a breaker stays in one state. Every outcome has its effect before the call returns. */
export interface Circuit {
  readonly success: () => void;
  readonly failure: () => void;
  /** One more failure of a call that counts as a success already. */
  readonly lateFailure: () => void;
  /** Takes the one pass of a half-open circuit. */
  readonly startProbe: () => Probe;
  readonly opened: () => boolean;
  /** Failed share of the window, parts per million. */
  readonly failurePpm: () => number;
  /** Drops its timer and its listener. The counts stay readable. */
  readonly shutdown: () => void;
}

/** The window moves in steps of a tenth. */
const windowBuckets = 10;

/** The longest that a timer can wait. opossum's own reset timer must never fire: the breaker keeps that time. */
const neverMs = 2 ** 31 - 1;

/** Just below the threshold, as opossum asks for more than it and its documentation, like ours, says "at". */
const thresholdSlack = 1e-6;

/**
 * opossum with everything off that watches calls: no timeout, capacity, filter, cache, fallback, percentiles,
 * snapshots or listeners of ours. It hears of a call at its outcome, and its clock is `now` alone.
 * @param halfOpen starts half-open, with one pass, instead of closed
 * @see test/attempt/opossum-defects.test.ts for what each of these prevents
 */
export function createCircuit(settings: BreakerConfig, now: () => number, halfOpen: boolean): Circuit {
  const bucketMs = Math.max(1, settings.windowMs / windowBuckets);
  const rotation = new EventEmitter();
  rotation.setMaxListeners(1);
  let bucket = Math.floor(now() / bucketMs);
  const threshold = settings.failurePercent - thresholdSlack;
  const minimum = Math.max(1, Math.ceil(settings.minimumRequests));
  const opossum = new CircuitBreaker((outcome: Settleable) => outcome, {
    timeout: false,
    resetTimeout: neverMs,
    errorThresholdPercentage: threshold,
    volumeThreshold: minimum,
    rollingCountTimeout: settings.windowMs,
    rollingCountBuckets: windowBuckets,
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
    rotateBucketController: rotation,
    state: { closed: !halfOpen, halfOpen },
  });

  // The window is moved when somebody looks at it: exact on a monotonic clock, and without a timer.
  const rotate = (): void => {
    const current = Math.floor(now() / bucketMs);
    const steps = Math.min(windowBuckets, current - bucket);
    for (let step = 0; step < steps; step += 1) rotation.emit("rotate");
    bucket = Math.max(bucket, current);
  };

  const fire = (outcome: Outcome): void => {
    rotate();
    opossum.fire(outcome.promise).catch(ignore);
  };

  return {
    // The events alone, which is what it counts by: what `fire` builds around them cost more than the whole breaker.
    success: () => {
      rotate();
      opossum.emit("fire");
      opossum.emit("success");
    },
    failure: () => {
      const outcome = createOutcome();
      fire(outcome);
      outcome.fail();
    },
    lateFailure: () => {
      rotate();
      opossum.emit("failure", callFailed);
      const { fires, failures } = opossum.stats;
      if (fires >= minimum && (failures / fires) * 100 > threshold) opossum.open();
    },
    startProbe: () => {
      const outcome = createOutcome();
      fire(outcome);
      return { success: outcome.succeed, failure: outcome.fail };
    },
    opened: () => opossum.opened,
    failurePpm: () => {
      rotate();
      const { fires, failures } = opossum.stats;
      return fires === 0 ? 0 : Math.min(1_000_000, Math.round((failures / fires) * 1_000_000));
    },
    shutdown: () => {
      opossum.shutdown();
    },
  };
}

/** One object for all: an error of its own for each failed call would cost more than the rest of the breaker. */
const callFailed = new Error("the call failed");

function ignore(): void {
  // What the call answered is told elsewhere.
}

interface Outcome {
  readonly promise: Settleable;
  readonly succeed: () => void;
  readonly fail: () => void;
}

/**
 * A promise that calls back at once when it is settled, so that no other call can slip in between a probe's
 * outcome and what follows from it.
 */
function createOutcome(): Outcome {
  let onSuccess: (value: unknown) => unknown = ignore;
  let onFailure: (error: unknown) => unknown = ignore;
  return {
    promise: {
      // oxlint-disable-next-line unicorn/no-thenable -- a promise on purpose, one that settles synchronously
      then: (callback) => {
        onSuccess = callback;
        return {
          catch: (callback) => {
            onFailure = callback;
          },
        };
      },
    },
    succeed: () => onSuccess(undefined),
    fail: () => onFailure(callFailed),
  };
}
