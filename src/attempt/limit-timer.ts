import type { Failure } from "../routing/failure.ts";
import type { SetTimer, Timer } from "./timer.ts";

/** The limits of time that an attempt can run into. */
export type LimitName = Exclude<NonNullable<Failure["limit"]>, "connect"> | "finish";

/** Every limit of one attempt on one timer. Moving a limit further away, the usual case, costs a number. */
export interface LimitTimer {
  /** Runs out `ms` from now unless it is set again or cleared. */
  readonly set: (limit: LimitName, ms: number) => void;
  readonly clear: (limit: LimitName) => void;
  /** What ran out first, and after how many milliseconds; undefined while nothing has. */
  readonly expired: () => { readonly limit: LimitName; readonly ms: number } | undefined;
  /** Gives back the timer; nothing runs out any more. */
  readonly cancel: () => void;
}

interface Limit {
  readonly dueAt: number;
  readonly ms: number;
}

/**
 * @param now the monotonic clock, in milliseconds
 * @param onExpired called once, when the first of the limits runs out
 */
export function createLimitTimer(now: () => number, setTimer: SetTimer, onExpired: () => void): LimitTimer {
  const limits = new Map<LimitName, Limit>();
  let expired: { readonly limit: LimitName; readonly ms: number } | undefined;
  let timer: Timer | undefined;
  let runsAt = Infinity;
  let over = false;

  const arm = (dueAt: number): void => {
    if (over || dueAt >= runsAt) return;
    timer?.cancel();
    runsAt = dueAt;
    timer = setTimer(onTimer, Math.max(0, dueAt - now()));
  };

  const onTimer = (): void => {
    timer = undefined;
    runsAt = Infinity;
    const first = earliest(limits);
    if (first === undefined) return;
    const [limit, { dueAt, ms }] = first;
    // It was moved since, or the timer ran a little early.
    if (now() < dueAt) return arm(dueAt);
    expired = { limit, ms };
    over = true;
    onExpired();
  };

  return {
    set: (limit, ms) => {
      const dueAt = now() + ms;
      limits.set(limit, { dueAt, ms });
      arm(dueAt);
    },
    clear: (limit) => {
      limits.delete(limit);
    },
    expired: () => expired,
    cancel: () => {
      over = true;
      timer?.cancel();
      timer = undefined;
    },
  };
}

function earliest(limits: ReadonlyMap<LimitName, Limit>): readonly [LimitName, Limit] | undefined {
  let first: readonly [LimitName, Limit] | undefined;
  for (const entry of limits) if (first === undefined || entry[1].dueAt < first[1].dueAt) first = entry;
  return first;
}
