import * as fc from "fast-check";
import type { BreakerConfig, Config } from "../../../src/config/config.ts";
import { shippedBreaker } from "../breaker-settings.ts";
import { type Behaviour, behaviourArbitrary, healthy } from "./upstream-behaviour.ts";

/** What a world of the model is made with. */
export interface WorldSettings {
  readonly seed: number;
  /** Of each upstream. */
  readonly keys: number;
  readonly retry: Config["retry"];
  readonly breaker: BreakerConfig;
  /** Of the breakers' jitter, the same for all. */
  readonly chance: number;
  readonly limiter: Config["limiter"];
  readonly hedge: Config["hedge"];
  /** Of the canary at the start, in basis points; undefined: there is none. */
  readonly share: number | undefined;
  /** Of each upstream at the start, in order. */
  readonly behaviours: readonly Behaviour[];
}

const shippedRetry: Config["retry"] = {
  attempts: 5,
  baseMs: 1000,
  capMs: 60_000,
  jitter: "full",
  budgetRatio: 0.1,
  budgetPerSecond: 1,
};

/** The shipped settings. */
export const shippedSettings: WorldSettings = {
  seed: 1,
  keys: 1,
  retry: shippedRetry,
  breaker: shippedBreaker,
  chance: 0.5,
  limiter: { start: 256, min: 4, max: 256 },
  hedge: { enabled: false, delayMs: 2000, maxExtraPercent: 1 },
  share: undefined,
  behaviours: [healthy, healthy, healthy],
};

/** Quick to open, so that short runs see many changes. */
const nervousBreaker: BreakerConfig = {
  windowMs: 10_000,
  minimumRequests: 3,
  failurePercent: 50,
  consecutiveFailures: 2,
  openMs: 2000,
  maxOpenMs: 10_000,
};

/** Counts shares alone, so that late failures and the edges of the window decide. */
const countingBreaker: BreakerConfig = { ...nervousBreaker, consecutiveFailures: 100_000 };

/** Never opens by itself, so that nothing but the retry budget stands in the way of retries. */
const patientBreaker: BreakerConfig = {
  ...shippedBreaker,
  minimumRequests: 100_000,
  consecutiveFailures: 100_000,
};

export const settingsArbitrary: fc.Arbitrary<WorldSettings> = fc.record({
  seed: fc.nat(),
  keys: fc.integer({ min: 1, max: 5 }),
  retry: fc
    .record({
      attempts: fc.constantFrom(5, 5, 2, 1),
      jitter: fc.constantFrom("full" as const, "equal" as const, "none" as const),
      budgetPerSecond: fc.constantFrom(1, 0),
    })
    .map((some) => ({ ...shippedRetry, ...some })),
  breaker: fc.constantFrom(shippedBreaker, nervousBreaker, countingBreaker, patientBreaker),
  chance: fc.constantFrom(0, 0.5, 0.999),
  limiter: fc.constantFrom(
    shippedSettings.limiter,
    { start: 3, min: 1, max: 4 },
    { start: 2, min: 2, max: 8 },
  ),
  hedge: fc.constantFrom(
    shippedSettings.hedge,
    { enabled: true, delayMs: 1000, maxExtraPercent: 100 },
    { enabled: true, delayMs: 600, maxExtraPercent: 100 },
  ),
  share: fc.constantFrom(undefined, undefined, 3000, 10_000),
  behaviours: fc.tuple(
    behaviourArbitrary,
    behaviourArbitrary,
    fc.oneof(fc.constant(healthy), behaviourArbitrary),
  ),
});
