import type { ServerResponse } from "node:http";
import type { Clock } from "./clock.ts";
import type { Random } from "./seeded-random.ts";

/** How fast an answer comes; zero for either: at once. */
export interface Pace {
  readonly firstTokenMs: number;
  readonly tokensPerSecond: number;
}

/** A unary answer never takes longer than this after its first token: nobody watches it being written. */
const mostUnaryMs = 5_000;

/** When the first token is due, in milliseconds from the request: within a fifth of the configured time. */
export function firstTokenDueMs(pace: Pace, random: Random): number {
  return pace.firstTokenMs * (0.8 + 0.4 * random());
}

/**
 * How long after the first token the token at this place is due, in milliseconds. The mean is the configured
 * pace, whatever the jitter: each is early or late by a quarter of the distance at most.
 */
export function tokenDueMs(pace: Pace, random: Random, at: number): number {
  if (pace.tokensPerSecond <= 0 || at === 0) return 0;
  return ((at + (random() - 0.5) / 2) * 1000) / pace.tokensPerSecond;
}

/** When a whole answer whose longest choice has so many tokens is due. */
export function unaryDueMs(pace: Pace, random: Random, tokens: number): number {
  return firstTokenDueMs(pace, random) + Math.min(mostUnaryMs, tokenDueMs(pace, random, tokens));
}

/** Waits; false where the client went away meanwhile, at once and without a timer left behind. */
export function pause(clock: Clock, ms: number, response: ServerResponse): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(false);
  if (ms <= 0) return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = () => {
      timer.cancel();
      response.off("close", end);
      resolve(!response.destroyed);
    };
    const timer = clock.setTimer(end, ms);
    response.once("close", end);
  });
}
