import {
  defaultBreaker,
  defaultDrain,
  defaultHedge,
  defaultLimits,
  defaultRetry,
  defaultTier,
  defaultTimeouts,
} from "./defaults.ts";
import { tierSchema } from "./schema-catalog.ts";
import { decimal, durationMs, flag, oneOf, section, wholeNumber } from "./schema-parts.ts";

const concurrency = wholeNumber(1, 1_000_000);

/** The sections about what the gateway does when an upstream, or the gateway itself, is in trouble. */
export const policyShape = {
  defaultTier: tierSchema.default(defaultTier),
  retry: section({
    attempts: wholeNumber(1, 20).default(defaultRetry.attempts),
    baseMs: durationMs(0).default(defaultRetry.baseMs),
    capMs: durationMs(0).default(defaultRetry.capMs),
    jitter: oneOf(["full", "equal", "none"]).default(defaultRetry.jitter),
    budgetRatio: decimal(0, 1).default(defaultRetry.budgetRatio),
    budgetPerSecond: decimal(0, 1_000_000).default(defaultRetry.budgetPerSecond),
  }).prefault({}),
  breaker: section({
    windowMs: durationMs(1).default(defaultBreaker.windowMs),
    minimumRequests: concurrency.default(defaultBreaker.minimumRequests),
    failurePercent: decimal(1, 100).default(defaultBreaker.failurePercent),
    consecutiveFailures: concurrency.default(defaultBreaker.consecutiveFailures),
    openMs: durationMs(1).default(defaultBreaker.openMs),
    maxOpenMs: durationMs(1).default(defaultBreaker.maxOpenMs),
  }).prefault({}),
  timeouts: section({
    connectMs: durationMs(1).default(defaultTimeouts.connectMs),
    firstTokenMs: section(
      {
        simple: durationMs(1).default(defaultTimeouts.firstTokenMs.simple),
        standard: durationMs(1).default(defaultTimeouts.firstTokenMs.standard),
        advanced: durationMs(1).default(defaultTimeouts.firstTokenMs.advanced),
      },
      "must be a map from tier to milliseconds",
    ).prefault({}),
    idleMs: durationMs(1).default(defaultTimeouts.idleMs),
    tokenIdleMs: durationMs(1).default(defaultTimeouts.tokenIdleMs),
    unaryMs: durationMs(1).default(defaultTimeouts.unaryMs),
    streamMs: durationMs(1).default(defaultTimeouts.streamMs),
  }).prefault({}),
  limits: section({
    maxInFlight: concurrency.default(defaultLimits.maxInFlight),
    maxRequestBytes: wholeNumber(1, 1_073_741_824, " of bytes").default(defaultLimits.maxRequestBytes),
  }).prefault({}),
  // What is left out follows `max`; see `limiterOf` in `build-config.ts`.
  limiter: section({
    start: concurrency.optional(),
    min: concurrency.optional(),
    max: concurrency.optional(),
  }).prefault({}),
  hedge: section({
    enabled: flag().default(defaultHedge.enabled),
    delayMs: durationMs(0).default(defaultHedge.delayMs),
    maxExtraPercent: decimal(0, 100).default(defaultHedge.maxExtraPercent),
  }).prefault({}),
  drain: section({
    delayMs: durationMs(0).default(defaultDrain.delayMs),
    graceMs: durationMs(0).default(defaultDrain.graceMs),
  }).prefault({}),
};
