import type { Failure } from "../routing/failure.ts";
import type { SetTimer, Timer } from "./timer.ts";

/** The limits of time that an attempt can run into. */
export type LimitName = Exclude<NonNullable<Failure["limit"]>, "connect"> | "finish";

/** Every limit of one attempt on one timer. Moving a limit further away, the usual case, costs a number. */
export interface LimitTimer {
  /** Runs out `ms` from now unless it is set again or cleared. */
  set(limit: LimitName, ms: number): void;
  clear(limit: LimitName): void;
  /** What ran out first, and after how many milliseconds; undefined while nothing has. */
  expired(): { readonly limit: LimitName; readonly ms: number } | undefined;
  /** Gives back the timer; nothing runs out any more. */
  cancel(): void;
}

/**
 * @param now the monotonic clock, in milliseconds
 * @param onExpired called once, when the first of the limits runs out
 */
export function createLimitTimer(now: () => number, setTimer: SetTimer, onExpired: () => void): LimitTimer {
  return new ChainedLimits(now, setTimer, onExpired);
}

interface Limit {
  readonly limit: LimitName;
  /** Infinity: cleared. */
  dueAt: number;
  ms: number;
  /** One set earlier. */
  readonly next: Limit | undefined;
}

/** Chained, as most attempts have one limit, and a stream a handful. */
class ChainedLimits implements LimitTimer {
  readonly #now: () => number;
  readonly #setTimer: SetTimer;
  readonly #onExpired: () => void;
  #limits: Limit | undefined;
  #expired: ReturnType<LimitTimer["expired"]>;
  #timer: Timer | undefined;
  #runsAt = Infinity;
  #over = false;

  constructor(now: () => number, setTimer: SetTimer, onExpired: () => void) {
    this.#now = now;
    this.#setTimer = setTimer;
    this.#onExpired = onExpired;
  }

  set(limit: LimitName, ms: number): void {
    const dueAt = this.#now() + ms;
    const known = find(this.#limits, limit);
    if (known === undefined) {
      this.#limits = { limit, dueAt, ms, next: this.#limits };
    } else {
      known.dueAt = dueAt;
      known.ms = ms;
    }
    this.#arm(dueAt);
  }

  clear(limit: LimitName): void {
    const known = find(this.#limits, limit);
    if (known !== undefined) known.dueAt = Infinity;
  }

  expired(): ReturnType<LimitTimer["expired"]> {
    return this.#expired;
  }

  cancel(): void {
    this.#over = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(dueAt: number): void {
    if (this.#over || dueAt >= this.#runsAt) return;
    this.#timer?.cancel();
    this.#runsAt = dueAt;
    this.#timer = this.#setTimer(() => this.#onTimer(), Math.max(0, dueAt - this.#now()));
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#runsAt = Infinity;
    const first = earliest(this.#limits);
    if (first === undefined) return;
    // It was moved since, or the timer ran a little early.
    if (this.#now() < first.dueAt) return this.#arm(first.dueAt);
    this.#expired = { limit: first.limit, ms: first.ms };
    this.#over = true;
    this.#onExpired();
  }
}

function find(limits: Limit | undefined, name: LimitName): Limit | undefined {
  let at = limits;
  while (at !== undefined && at.limit !== name) at = at.next;
  return at;
}

/** Of two that are due at once the one set earlier. */
function earliest(limits: Limit | undefined): Limit | undefined {
  let first: Limit | undefined;
  for (let at = limits; at !== undefined; at = at.next) {
    if (at.dueAt < Infinity && (first === undefined || at.dueAt <= first.dueAt)) first = at;
  }
  return first;
}
